//! A picture changed by an instruction: `cargo run --release --example edit CHECKPOINT cat.png "make it ginger"`

use burn::prelude::Device;
use omnigen2_pipeline::{Guidance, ImageRequest, OmniGen2, pixels};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let checkpoint = arguments.next().ok_or("name a checkpoint directory")?;
    let picture = pixels::open(arguments.next().ok_or("name a picture")?)?;
    let instruction = arguments.next().ok_or("give an instruction")?;

    // Without a size, the result has that of the picture. The image guidance holds on to what it shows.
    let guidance = Guidance { text: 5.0, image: 1.6, ..Guidance::default() };
    let request = ImageRequest::new(instruction).reference(picture).guidance(guidance);

    let mut omnigen2 = OmniGen2::load(checkpoint, &Device::flex())?;
    omnigen2.generate(&request)?.finish()?[0].save("edit.png")?;
    Ok(())
}
