//! Devices: the choice of one, and `omnigen2 devices`.

use burn::prelude::Device;
use omnigen2_pipeline::device::{BACKENDS, DeviceError, built_in, by_name};

use crate::console::print;
use crate::failure::Failure;

/// Fastest first.
const PREFERRED: [&str; 7] = ["cuda", "rocm", "metal", "vulkan", "wgpu", "flex", "ndarray"];

/// Lists the backends and whether this build and this machine have them
#[derive(clap::Args)]
pub(crate) struct Args {}

/// A device and the name that finds it again.
pub(crate) struct Chosen {
    pub(crate) device: Device,
    pub(crate) name: String,
}

/// The device of this name; without one, the fastest that is there.
pub(crate) fn choose(name: Option<&str>) -> Result<Chosen, Failure> {
    let open = |name: &str| by_name(name).map(|device| Chosen { device, name: name.into() });
    match name {
        Some(name) => Ok(open(name)?),
        None => {
            let built = built_in();
            let mut names = PREFERRED.into_iter().filter(|name| built.contains(name));
            let found = names.find_map(|name| open(name).ok());
            Ok(found.map_or_else(|| open("cpu"), Ok)?)
        }
    }
}

pub(crate) fn run(_: &Args) -> Result<(), Failure> {
    for backend in BACKENDS {
        let state = match by_name(backend) {
            Ok(_) => "ready".into(),
            Err(DeviceError::NotThere { reason, .. }) => format!("built in, but not there: {reason}"),
            Err(_) => format!("not built in: build with `--features {backend}`"),
        };
        print(format_args!("{backend:8} {state}"))?;
    }
    Ok(())
}
