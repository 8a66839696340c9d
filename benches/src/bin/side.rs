//! Our side of one case of `cargo xtask compare`, and the type in which its weights rest, `bf16` with products in it
//! too: answers each command that it reads with a line of JSON.
//!
//! - `run`: does the work once; `seconds`, and `bytes` of weights where the work is bound by reading them;
//! - `write FILE`: writes the last result as F32 numbers; `count`;
//! - `peak`: the most memory since the weights were there, in bytes, where the system tells; `peak`.
//!
//! When it is ready it says how much memory it had before there were weights: `bare`.

use std::error::Error;
use std::fs;
use std::io::{Write, stdin, stdout};

use benches::compare::{Outcome, Prepared, prepare};
use omnigen2_pipeline::device;
use omnigen2_pipeline::weights::Storage;
use serde_json::{Value, json};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().ok_or("the name of a case is missing")?;
    let storage = arguments.next().map_or(Ok(Storage::AsStored), |storage| storage.parse())?;
    let bare = resident("VmRSS:");
    let prepared =
        prepare(&name, storage, &device::by_name("cpu")?).ok_or(format!("there is no case `{name}`"))?;
    // Where the system does not allow this, the peak is that of the whole process.
    let _ = fs::write("/proc/self/clear_refs", "5");
    answer(&json!({ "bare": bare }))?;
    let mut side = Side { prepared, last: None };
    stdin().lines().try_for_each(|line| answer(&side.obey(&line?)?))
}

struct Side {
    prepared: Prepared,
    last: Option<Outcome>,
}

impl Side {
    fn obey(&mut self, command: &str) -> Result<Value, Box<dyn Error>> {
        match command.split_once(' ').unwrap_or((command, "")) {
            ("run", "") => {
                self.last = None;
                let outcome = self.prepared.run();
                let answer = json!({ "seconds": outcome.seconds, "bytes": outcome.bytes });
                self.last = Some(outcome);
                Ok(answer)
            }
            ("write", path) => {
                let last = self.last.as_ref().ok_or("there is no result before a run")?;
                let numbers: Vec<f32> = last.output.to_data().try_into_vec()?;
                let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                fs::write(path, bytes)?;
                Ok(json!({ "count": numbers.len() }))
            }
            ("peak", "") => Ok(json!({ "peak": resident("VmHWM:") })),
            _ => Err(format!("`{command}` is not `run`, `write FILE` or `peak`").into()),
        }
    }
}

fn answer(value: &Value) -> Result<(), Box<dyn Error>> {
    let mut out = stdout().lock();
    writeln!(out, "{value}")?;
    Ok(out.flush()?)
}

/// A line of the process's memory, in bytes.
fn resident(line: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let rest = status.lines().find_map(|text| text.strip_prefix(line))?;
    let kibibytes: u64 = rest.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kibibytes)
}
