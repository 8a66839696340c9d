//! `omnigen2 inspect`.

use omnigen2_pipeline::checkpoint::PartArchive;
use omnigen2_pipeline::weights::Summary;
use omnigen2_pipeline::{Checkpoint, device::by_name};
use serde_json::{Value, json};

use crate::checkpoint::{LooseArgs, Source};
use crate::console::{Console, print};
use crate::device;
use crate::failure::Failure;
use crate::interrupt::Interrupt;

/// Prints the parts of a checkpoint, their types and sizes, from the headers of its files alone
///
/// All names and shapes are compared with those that the configurations ask for.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A directory, or a repository, which is pulled if it is not in the cache; else OMNIGEN2_CHECKPOINT
    checkpoint: Option<String>,
    #[command(flatten)]
    loose: LooseArgs,
    /// Print one JSON object in place of text
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, console: &Console, interrupt: &Interrupt) -> Result<(), Failure> {
    let given = Source::given(args.checkpoint.clone(), args.loose.clone())?;
    let found = given.map_or_else(Source::from_environment, Ok)?.find(console, interrupt)?;
    let name = found.name.clone();
    let checkpoint = found.open()?;
    let parts = parts(&checkpoint)?;
    let memory = memory(&parts);
    let device = by_name("cpu").or_else(|_| device::choose(None).map(|chosen| chosen.device))?;
    let verified = checkpoint.verify(&device);
    match args.json {
        true => print(as_json(&name, &parts, &memory, verified.is_ok()))?,
        false => print(as_text(&name, &parts, &memory, verified.is_ok()))?,
    }
    Ok(verified?)
}

struct Part {
    name: &'static str,
    draws: bool,
    summary: Summary,
}

/// Bytes of weights at rest, by memory mode.
struct Memory {
    precision: &'static str,
    resident: u64,
    staged: u64,
}

fn parts(checkpoint: &Checkpoint) -> Result<Vec<Part>, Failure> {
    let archives = checkpoint.archives()?;
    let part =
        |archive: &PartArchive| Part { name: archive.part, draws: archive.draws, summary: archive.summary() };
    Ok(archives.iter().map(part).collect())
}

fn memory(parts: &[Part]) -> [Memory; 3] {
    let sizes = |precision, bytes: fn(&Summary) -> u64| {
        let drawing = || parts.iter().filter(|part| part.draws).map(|part| bytes(&part.summary));
        Memory { precision, resident: drawing().sum(), staged: drawing().max().unwrap_or(0) }
    };
    [
        sizes("as stored", |summary| summary.bytes),
        sizes("F32", |summary| summary.parameters * 4),
        sizes("BF16 or F16", |summary| summary.parameters * 2),
    ]
}

fn as_text(name: &str, parts: &[Part], memory: &[Memory], fits: bool) -> String {
    let mut lines = vec![
        format!("checkpoint {name}"),
        String::new(),
        format!("{:15} {:>7} {:>13} {:>10}  types", "part", "tensors", "parameters", "on disk"),
    ];
    let total: u64 = parts.iter().map(|part| part.summary.bytes).sum();
    let parameters: u64 = parts.iter().map(|part| part.summary.parameters).sum();
    let tensors: usize = parts.iter().map(|part| part.summary.tensors).sum();
    for Part { name, summary, .. } in parts {
        let types: Vec<_> = summary.types.keys().map(String::as_str).collect();
        lines.push(format!(
            "{name:15} {:>7} {:>13} {:>10}  {}",
            summary.tensors,
            summary.parameters,
            human(summary.bytes),
            types.join(", ")
        ));
    }
    lines.push(format!("{:15} {tensors:>7} {parameters:>13} {:>10}", "together", human(total)));
    lines.push(String::new());
    lines.push(format!("{:15} {:>10} {:>10}", "weights in memory", "resident", "staged"));
    for Memory { precision, resident, staged } in memory {
        lines.push(format!("{precision:17} {:>10} {:>10}", human(*resident), human(*staged)));
    }
    lines.push("(to draw; chat also needs the vision tower)".into());
    lines.push(String::new());
    lines.push(if fits {
        "all names and shapes are those that the configurations ask for".into()
    } else {
        "names and shapes are NOT those that the configurations ask for".into()
    });
    lines.join("\n")
}

fn as_json(name: &str, parts: &[Part], memory: &[Memory], fits: bool) -> Value {
    let parts = parts.iter().map(|Part { name, summary, .. }| {
        json!({
            "part": name,
            "tensors": summary.tensors,
            "parameters": summary.parameters,
            "bytes": summary.bytes,
            "types": summary.types,
        })
    });
    let memory = memory.iter().map(|Memory { precision, resident, staged }| {
        json!({ "precision": precision, "resident": resident, "staged": staged })
    });
    json!({
        "checkpoint": name,
        "parts": parts.collect::<Vec<_>>(),
        "memory": memory.collect::<Vec<_>>(),
        "fits": fits,
    })
}

fn human(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units.into_iter().find(|(_, bits)| bytes >> bits > 0);
    match unit {
        Some((unit, bits)) => format!("{:.1} {unit}", bytes as f64 / f64::from(1_u32 << bits)),
        None => format!("{bytes} B"),
    }
}
