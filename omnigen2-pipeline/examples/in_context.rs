//! Subjects of several pictures in one:
//! `cargo run --release --example in_context CHECKPOINT "the cat of image 1 on the sofa of image 2" cat.png sofa.png`

use burn::prelude::Device;
use omnigen2_pipeline::pixels::{self, Size};
use omnigen2_pipeline::{Guidance, ImageRequest, OmniGen2};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let checkpoint = arguments.next().ok_or("name a checkpoint directory")?;
    let mut request = ImageRequest::new(arguments.next().ok_or("give an instruction")?)
        .size(Size::new(512, 512))
        .guidance(Guidance { text: 5.0, image: 2.75, ..Guidance::default() });
    for path in arguments {
        request = request.reference(pixels::open(path)?);
    }

    let mut omnigen2 = OmniGen2::load(checkpoint, &Device::flex())?;
    omnigen2.generate(&request)?.finish()?[0].save("in_context.png")?;
    Ok(())
}
