//! Makes the tokenizer of the shapes model: `cargo run --example shapes_tokenizer --features shapes,train -- FILE`.

use omnigen2_pipeline::shapes::{PHRASES, corpus};
use omnigen2_pipeline::train::tokenizer;

/// Texts that the tokenizer is made from.
const TEXTS: usize = 20_000;
/// The most tokens.
const SIZE: usize = 640;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("name the file to write")?;
    std::fs::write(file, tokenizer(corpus(1).take(TEXTS), PHRASES, SIZE)?)?;
    Ok(())
}
