//! Makes the tokenizer of the shapes model: `cargo run --package omnigen2-shapes --example shapes_tokenizer -- FILE`.

use omnigen2_shapes::{PHRASES, corpus, tokenizer};

/// Texts that the tokenizer is made from.
const TEXTS: usize = 20_000;
/// The most tokens.
const SIZE: usize = 640;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("name the file to write")?;
    std::fs::write(
        file,
        tokenizer(corpus(1).take(TEXTS), PHRASES, SIZE).map_err(|error| error.to_string())?,
    )?;
    Ok(())
}
