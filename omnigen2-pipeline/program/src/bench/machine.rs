use std::fs;
use std::thread;

use omnigen2_bench::instructions;
use omnigen2_pipeline::memory::Available;

use crate::device::Chosen;
use crate::failure::Failure;

/// What was measured on.
pub(super) struct Machine {
    /// The device's name.
    pub(super) device: String,
    /// The processor's name, where the system tells it.
    pub(super) processor: Option<String>,
    pub(super) threads: usize,
    /// The instructions for packed weights, on a CPU.
    pub(super) instructions: Option<&'static str>,
    pub(super) available: Available,
}

impl Machine {
    pub(super) fn of(Chosen { device, name }: &Chosen) -> Result<Self, Failure> {
        let processor = fs::read_to_string("/proc/cpuinfo").ok();
        Ok(Self {
            device: name.clone(),
            processor: processor.as_deref().and_then(model),
            threads: thread::available_parallelism().map_or(1, usize::from),
            instructions: instructions(device)?,
            available: Available::on(device),
        })
    }

    pub(super) fn line(&self) -> String {
        let processor = self.processor.as_deref().unwrap_or("processor not known");
        let instructions = self.instructions.map(|name| format!(", {name}")).unwrap_or_default();
        format!("{processor}, {} threads{instructions}; device {}", self.threads, self.device)
    }
}

/// The name of the first processor.
fn model(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_processor_is_named() {
        let text = "processor\t: 0\nmodel name\t: AMD EPYC\nmodel name\t: other\n";
        assert_eq!(model(text).as_deref(), Some("AMD EPYC"));
        assert_eq!(model("Features : fp"), None);
    }
}
