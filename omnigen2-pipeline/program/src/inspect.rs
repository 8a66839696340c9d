//! `omnigen2 inspect`.

use burn::prelude::Device;
use omnigen2_pipeline::checkpoint::PartArchive;
use omnigen2_pipeline::lora::Adapter;
use omnigen2_pipeline::memory::{Plan, human};
use omnigen2_pipeline::pixels::{RgbImage, Size};
use omnigen2_pipeline::weights::{Storage, Summary};
use omnigen2_pipeline::{Checkpoint, Error, ImageRequest, OmniGen2};
use serde_json::{Value, json};

use crate::checkpoint::{LooseArgs, Source};
use crate::console::{Console, print};
use crate::device;
use crate::drawing;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::settings::SettingsArgs;

const PROMPT: &str =
    "a prompt of some length, which says what is to be seen in the picture, where, and in what light";

/// Prints the parts of a checkpoint, their types and sizes, and what drawing with it takes in memory
///
/// All of it from the headers of its files: nothing is loaded. All names and shapes are compared with those that the
/// configurations ask for. What networks work in is estimated.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// A directory, or a repository, which is pulled if it is not in the cache; else OMNIGEN2_CHECKPOINT
    checkpoint: Option<String>,
    #[command(flatten)]
    loose: LooseArgs,
    /// Print one JSON object in place of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    picture: PictureArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

#[derive(clap::Args)]
#[command(next_help_heading = "What is drawn")]
struct PictureArgs {
    /// The size of the picture
    #[arg(long, value_name = "WxH", default_value = "1024x1024")]
    size: Size,
    /// How many pictures are drawn at once
    #[arg(long, value_name = "N", default_value_t = 1)]
    count: usize,
    /// How many references there are, of the picture's size
    #[arg(long, value_name = "N", default_value_t = 0)]
    references: u8,
    /// The most pixels that are drawn; a larger picture is drawn smaller and enlarged
    #[arg(long, value_name = "N", default_value_t = 1 << 20)]
    max_pixels: u64,
}

impl PictureArgs {
    fn request(&self) -> Result<ImageRequest, Failure> {
        let request = ImageRequest::new(PROMPT).size(self.size).count(self.count);
        let request = ImageRequest { max_pixels: self.max_pixels, ..request };
        drawing::check(&request)?;
        drawing::check_count(self.references.into())?;
        let reference = || RgbImage::new(self.size.width, self.size.height);
        Ok((0..self.references).fold(request, |request, _| request.reference(reference())))
    }
}

pub(crate) fn run(args: &Args, console: &Console, interrupt: &Interrupt) -> Result<(), Failure> {
    let request = args.picture.request()?;
    let given = Source::given(args.checkpoint.clone(), args.loose.clone())?;
    let found = given.unwrap_or_else(Source::usual).find(console, interrupt)?;
    let name = found.name.clone();
    let device = device::choose(args.settings.device.as_deref())?.device;
    let builder = args.settings.apply(OmniGen2::builder(&device))?;
    let plan = found.clone().into_builder(builder)?.plan(&request)?;
    let checkpoint = found.open()?;
    let parts = parts(&checkpoint, &device)?;
    let adapters = args.settings.adapters()?;
    let memory = memory(&parts);
    let verified = checkpoint.verify(&device);
    let inspected = Inspected { name, parts, adapters, memory, request, plan, fits: verified.is_ok() };
    if args.json {
        print(inspected.as_json())?;
    } else {
        print(inspected.as_text())?;
    }
    Ok(verified?)
}

struct Inspected {
    name: String,
    parts: Vec<Part>,
    adapters: Vec<Adapter>,
    memory: [Memory; 5],
    request: ImageRequest,
    plan: Plan,
    /// The weights are those of the configurations.
    fits: bool,
}

struct Part {
    name: &'static str,
    draws: bool,
    summary: Summary,
    /// Bytes at rest with matrices packed to 8 bits, and to 4.
    packed: [u64; 2],
}

/// Bytes of weights at rest, by memory mode.
struct Memory {
    precision: &'static str,
    resident: u64,
    staged: u64,
}

fn parts(checkpoint: &Checkpoint, device: &Device) -> Result<Vec<Part>, Failure> {
    let part = |archive: &PartArchive| {
        let packed = |storage| Ok::<_, Error>(archive.rest(storage, device)?.total());
        Ok(Part {
            name: archive.part,
            draws: archive.draws,
            summary: archive.summary(),
            packed: [packed(Storage::Q8)?, packed(Storage::Q4)?],
        })
    };
    checkpoint.archives()?.iter().map(part).collect()
}

fn memory(parts: &[Part]) -> [Memory; 5] {
    let sizes = |precision, bytes: fn(&Part) -> u64| {
        let drawing = || parts.iter().filter(|part| part.draws).map(bytes);
        Memory { precision, resident: drawing().sum(), staged: drawing().max().unwrap_or(0) }
    };
    [
        sizes("as stored", |part| part.summary.bytes),
        sizes("F32", |part| part.summary.parameters * 4),
        sizes("BF16 or F16", |part| part.summary.parameters * 2),
        sizes("q8", |part| part.packed[0]),
        sizes("q4", |part| part.packed[1]),
    ]
}

impl Inspected {
    fn as_text(&self) -> String {
        let mut lines = vec![format!("checkpoint {}", self.name), String::new()];
        lines.extend(self.parts_as_text());
        lines.extend(self.adapters.iter().map(|adapter| {
            let (path, scale, layers) = (adapter.path().display(), adapter.scale(), adapter.layers().count());
            let parameters = adapter.parameters();
            format!(
                "adapter {path}, {scale} of it: {layers} layers, rank {}, {parameters} parameters",
                adapter.rank()
            )
        }));
        lines.push(String::new());
        lines.push(format!("{:17} {:>10} {:>10}", "weights in memory", "resident", "staged"));
        for Memory { precision, resident, staged } in &self.memory {
            lines.push(format!("{precision:17} {:>10} {:>10}", human(*resident), human(*staged)));
        }
        lines.push("(to draw; chat also needs the vision tower)".into());
        lines.push(String::new());
        let ImageRequest { size, count, references, .. } = &self.request;
        let size = size.map(|size| size.to_string()).unwrap_or_default();
        lines.push(format!("to draw {count} of {size} with {} references, estimated", references.len()));
        lines.push(self.plan.to_string());
        lines.push(String::new());
        lines.push(if self.fits {
            "all names and shapes are those that the configurations ask for".into()
        } else {
            "names and shapes are NOT those that the configurations ask for".into()
        });
        lines.join("\n")
    }

    fn parts_as_text(&self) -> Vec<String> {
        let mut lines =
            vec![format!("{:15} {:>7} {:>13} {:>10}  types", "part", "tensors", "parameters", "on disk")];
        for Part { name, summary, .. } in &self.parts {
            let types: Vec<_> = summary.types.keys().map(String::as_str).collect();
            lines.push(format!(
                "{name:15} {:>7} {:>13} {:>10}  {}",
                summary.tensors,
                summary.parameters,
                human(summary.bytes),
                types.join(", ")
            ));
        }
        let tensors: usize = self.parts.iter().map(|part| part.summary.tensors).sum();
        let parameters: u64 = self.parts.iter().map(|part| part.summary.parameters).sum();
        let bytes: u64 = self.parts.iter().map(|part| part.summary.bytes).sum();
        lines.push(format!("{:15} {tensors:>7} {parameters:>13} {:>10}", "together", human(bytes)));
        lines
    }

    fn as_json(&self) -> Value {
        let parts = self.parts.iter().map(|Part { name, summary, .. }| {
            json!({
                "part": name,
                "tensors": summary.tensors,
                "parameters": summary.parameters,
                "bytes": summary.bytes,
                "types": summary.types,
            })
        });
        let adapters = self.adapters.iter().map(|adapter| {
            json!({
                "path": adapter.path().to_string_lossy(),
                "scale": adapter.scale(),
                "layers": adapter.layers().count(),
                "rank": adapter.rank(),
                "parameters": adapter.parameters(),
            })
        });
        let memory = self.memory.iter().map(|Memory { precision, resident, staged }| {
            json!({ "precision": precision, "resident": resident, "staged": staged })
        });
        let plan = json!({
            "size": self.request.size.map(|size| size.to_string()),
            "count": self.request.count,
            "references": self.request.references.len(),
            "peak": self.plan.peak(),
            "peak_stage": self.plan.peak_stage().map(|stage| stage.stage),
            "fit": self.plan.fit(),
            "plan": self.plan,
        });
        json!({
            "checkpoint": self.name,
            "parts": parts.collect::<Vec<_>>(),
            "adapters": adapters.collect::<Vec<_>>(),
            "memory": memory.collect::<Vec<_>>(),
            "drawing": plan,
            "fits": self.fits,
        })
    }
}
