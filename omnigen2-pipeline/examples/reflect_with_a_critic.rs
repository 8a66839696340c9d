//! Drawn again until an own critic is satisfied:
//! `cargo run --release --example reflect_with_a_critic CHECKPOINT "a lamp that gives light"`

use burn::prelude::Device;
use omnigen2_pipeline::Critique;
use omnigen2_pipeline::pixels::{RgbImage, Size};
use omnigen2_pipeline::{ImageRequest, OmniGen2};

const ROUNDS: usize = 4;
const BRIGHT: f64 = 0.6;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let checkpoint = arguments.next().ok_or("name a checkpoint directory")?;
    let prompt = arguments.next().ok_or("give a prompt")?;
    let request = ImageRequest::new(prompt).size(Size::new(512, 512)).steps(20);

    let by_brightness = |_: &ImageRequest, picture: &RgbImage| {
        let light: f64 = picture.iter().map(|&byte| f64::from(byte) / 255.0).sum();
        let mean = light / picture.len() as f64;
        let mend = format!("It is {:.0} % bright. Make it brighter.", mean * 100.0);
        let critique =
            if mean < BRIGHT { Critique::unmet(["light"], mend) } else { Critique::met("Bright.") };
        Ok(critique.score(mean))
    };
    let builder = OmniGen2::builder(&Device::flex()).checkpoint(checkpoint)?;
    let mut omnigen2 = builder.critic(by_brightness).build()?;

    let mut reflection = omnigen2.reflect(request, ROUNDS)?;
    for round in &mut reflection {
        let round = round?;
        let next = round.next.unwrap_or("done".into());
        println!("round {}, {:.3}: {next}", round.index, round.critique.score);
    }
    let best = reflection.best().ok_or("nothing was drawn")?;
    best.picture.save("reflect_with_a_critic.png")?;
    println!("kept round {}", best.index);
    Ok(())
}
