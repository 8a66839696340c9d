//! What pictures show, told as it is thought of: `cargo run --release --example describe CHECKPOINT cat.png sofa.png`

use std::io::Write;

use burn::prelude::Device;
use omnigen2_pipeline::{Conversation, Message, OmniGen2, ReplySettings, pixels};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let checkpoint = arguments.next().ok_or("name a checkpoint directory")?;
    let picture = pixels::open(arguments.next().ok_or("name a picture")?)?;
    let mut message = Message::user("Please describe what you see.").picture(picture);
    for path in arguments {
        message = message.picture(pixels::open(path)?);
    }

    let mut omnigen2 = OmniGen2::load(checkpoint, &Device::flex())?;
    let settings = ReplySettings { may_draw: false, ..ReplySettings::default() };
    for piece in omnigen2.chat_with(&Conversation::new().with(message), &settings)? {
        print!("{}", piece?);
        std::io::stdout().flush()?;
    }
    println!();
    Ok(())
}
