//! Two turns about a picture, the second of which may be a wish to draw:
//! `cargo run --release --example chat_with_a_picture CHECKPOINT cat.png "What is this?" "Draw it in snow."`

use std::io::Write;

use burn::prelude::Device;
use omnigen2_pipeline::{Conversation, Message, OmniGen2, Turn, pixels};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let checkpoint = arguments.next().ok_or("name a checkpoint directory")?;
    let picture = pixels::open(arguments.next().ok_or("name a picture")?)?;
    let first = Message::user(arguments.next().ok_or("ask a question")?).picture(picture);
    let second = Message::user(arguments.next().ok_or("ask a second question")?);

    let mut omnigen2 = OmniGen2::load(checkpoint, &Device::flex())?;
    let mut conversation = Conversation::new();
    for (message, name) in [(first, "first.png"), (second, "second.png")] {
        conversation.push(message); // what was said before is remembered, not read again
        let mut reply = omnigen2.chat(&conversation)?;
        for piece in &mut reply {
            print!("{}", piece?);
            std::io::stdout().flush()?;
        }
        println!();
        conversation.push(match reply.finish()? {
            Turn::Text(text) => Message::assistant(text),
            Turn::Draw(request) => {
                let drawn = omnigen2.generate(&request)?.finish()?.remove(0);
                drawn.save(name)?;
                Message::drawn(drawn)
            }
        });
    }
    Ok(())
}
