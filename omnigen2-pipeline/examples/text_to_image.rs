//! A picture from a text: `cargo run --release --example text_to_image CHECKPOINT "a red fox" 1024x768`

use burn::prelude::Device;
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::{ImageRequest, OmniGen2};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let checkpoint = arguments.next().ok_or("name a checkpoint directory")?;
    let prompt = arguments.next().ok_or("give a prompt")?;
    let size = arguments.next().unwrap_or("1024x1024".into());
    let (width, height) = size.split_once('x').ok_or("give the size as WIDTHxHEIGHT")?;
    let size = Size::new(width.parse()?, height.parse()?);

    let mut omnigen2 = OmniGen2::load(checkpoint, &Device::flex())?;
    let images = omnigen2.generate(&ImageRequest::new(prompt).size(size).seed(7))?.finish()?;
    images[0].save("text_to_image.png")?;
    Ok(())
}
