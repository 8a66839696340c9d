//! The caller drives the loop: `cargo run --release --example cancel_and_preview CHECKPOINT "a red fox"`

use std::time::{Duration, Instant};

use burn::prelude::Device;
use omnigen2_pipeline::{ImageRequest, OmniGen2};

const PATIENCE: Duration = Duration::from_secs(600);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let checkpoint = arguments.next().ok_or("name a checkpoint directory")?;
    let request = ImageRequest::new(arguments.next().ok_or("give a prompt")?).steps(20);

    let mut omnigen2 = OmniGen2::load(checkpoint, &Device::flex())?;
    let start = Instant::now();
    let mut generation = omnigen2.generate(&request)?;
    while let Some(step) = generation.next().transpose()? {
        println!("step {} of {} after {:.1?}", step.index, step.steps, start.elapsed());
        if step.index % 5 == 0 {
            generation.preview()?[0].save(format!("preview-{}.png", step.index))?;
        }
        if start.elapsed() > PATIENCE {
            println!("cancelled");
            return Ok(()); // dropping the generation is all it takes
        }
    }
    generation.finish()?[0].save("cancel_and_preview.png")?;
    Ok(())
}
