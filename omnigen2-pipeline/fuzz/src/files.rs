//! Targets that are one file.

use burn::prelude::*;
use omnigen2_pipeline::lora::Adapter;
use omnigen2_pipeline::text::PromptTokenizer;
use omnigen2_pipeline::weights::{Archive, Storage};
use omnigen2_pipeline::{metadata, pixels};
use omnigen2_train::Recipe;

use crate::{Failure, Reader, Scratch};

/// A text with words, digits, another script and special tokens, to be told apart by any tokenizer.
const TEXT: &str = "Draw <|img|> a red fox, 42% of 狐!<|im_end|>\n";
/// Tokens to be made text again, known and unknown ones.
const TOKENS: [u32; 8] = [0, 1, 2, 9, 99, 300, 151_665, u32::MAX];

/// Weights, and adapters: headers of safetensors.
pub(crate) fn headers(scratch: Scratch) -> Result<Reader, Failure> {
    let device = Device::flex();
    Ok(Box::new(move |bytes| {
        let path = scratch.write("model.safetensors", bytes)?;
        let _ = Adapter::open(&path);
        if let Ok(archive) = Archive::open(&path) {
            let _ = archive.summary();
            for (name, entry) in archive.tensors() {
                for storage in [Storage::Auto, Storage::F16] {
                    load(&archive, (name, entry.shape().len()), storage, &device);
                }
            }
        }
        Ok(())
    }))
}

/// Loads a tensor of a name and a number of axes.
fn load(archive: &Archive, (name, axes): (&str, usize), storage: Storage, device: &Device) {
    match axes {
        1 => drop(archive.tensor::<1>(name, storage, device)),
        2 => drop(archive.tensor::<2>(name, storage, device)),
        3 => drop(archive.tensor::<3>(name, storage, device)),
        _ => drop(archive.tensor::<4>(name, storage, device)),
    }
}

/// Records of how a picture was made, in its PNG.
pub(crate) fn metadata(scratch: Scratch) -> Result<Reader, Failure> {
    Ok(Box::new(move |bytes| {
        let path = scratch.write("picture.png", bytes)?;
        if let Ok(record) = metadata::read(&path) {
            let again = scratch.write("again.png", b"")?;
            metadata::save(&again, &pixels::RgbImage::new(1, 1), &record)?;
            metadata::read(&again)?;
        }
        Ok(())
    }))
}

/// Pictures of all formats.
pub(crate) fn pictures(scratch: Scratch) -> Result<Reader, Failure> {
    Ok(Box::new(move |bytes| {
        let path = scratch.write("picture", bytes)?;
        if let Ok(picture) = pixels::open(&path) {
            let _ = metadata::digest(&picture);
        }
        Ok(())
    }))
}

/// Recipes of training.
pub(crate) fn recipes(scratch: Scratch) -> Result<Reader, Failure> {
    Ok(Box::new(move |bytes| {
        let path = scratch.write("recipe.toml", bytes)?;
        if let Ok(recipe) = Recipe::read(&path) {
            recipe.validate()?;
        }
        Ok(())
    }))
}

/// Tokenizers, and what they make of a text and of tokens.
pub(crate) fn tokenizers(scratch: Scratch) -> Result<Reader, Failure> {
    Ok(Box::new(move |bytes| {
        let path = scratch.write("tokenizer.json", bytes)?;
        if let Ok(tokenizer) = PromptTokenizer::load(&path) {
            let _ = tokenizer.encode_prompt(TEXT, 64);
            let _ = tokenizer.decode(&TOKENS);
        }
        Ok(())
    }))
}
