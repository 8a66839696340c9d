//! All benchmarks, on the device that `OMNIGEN2_DEVICE` names: `cpu`, unless it is set.

use benches::{dit, image, load, mllm, rope, vae, vit};
use criterion::Criterion;
use omnigen2_pipeline::device::{self, DeviceError};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), DeviceError> {
    let name = std::env::var("OMNIGEN2_DEVICE").unwrap_or_else(|_| "cpu".into());
    let device = device::by_name(&name)?;
    let mut criterion = Criterion::default().configure_from_args();
    for define in
        [rope::define, vit::define, mllm::define, dit::define, vae::define, load::define, image::define]
    {
        define(&mut criterion, &device);
    }
    criterion.final_summary();
    Ok(())
}
