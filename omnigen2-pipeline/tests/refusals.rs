//! What a request cannot have is refused before anything is read, encoded or loaded.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use burn::prelude::*;
use image::RgbImage;
use omnigen2_pipeline::parts::{TextEncoder, TextFeatures};
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::{
    Conversation, ConversationError, Error, ImageRequest, Message, OmniGen2, Picture, RequestError, Result,
};

/// Is not to be asked.
struct Unasked;

impl TextEncoder for Unasked {
    fn encode(&self, prompt: &str, _: usize) -> Result<TextFeatures> {
        panic!("`{prompt}` was read for a request that cannot be met")
    }
}

fn pipeline() -> OmniGen2 {
    let checkpoint = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-checkpoint");
    let builder = OmniGen2::builder(&Device::flex()).checkpoint(checkpoint).unwrap();
    builder.text_encoder(Unasked).build().unwrap()
}

fn request() -> ImageRequest {
    ImageRequest::new("a fox").size(Size::new(32, 32)).steps(1)
}

#[test]
fn more_references_than_the_denoiser_tells_apart() {
    let request = (0..6).fold(request(), |request, _| request.reference(RgbImage::new(32, 32)));
    let error = pipeline().generate(&request).unwrap_err();
    assert!(matches!(error, Error::Request(RequestError::References { found: 6, most: 5 })), "{error:?}");
}

#[test]
fn noise_of_another_shape() {
    let noise = Tensor::zeros([1, 16, 3, 4], &Device::flex());
    let error = pipeline().generate_from(&request(), noise).unwrap_err();
    let expected = RequestError::Noise { found: [1, 16, 3, 4], expected: [1, 16, 4, 4] };
    assert!(matches!(error, Error::Request(found) if found == expected));
}

#[test]
fn pictures_of_which_there_is_a_name_alone() {
    let named = || Picture::Named("fox.png".into());
    let error = pipeline().generate(&request().reference(named())).unwrap_err();
    assert!(
        matches!(&error, Error::Request(RequestError::Picture(found)) if found.name == "fox.png"),
        "{error:?}"
    );
    let conversation = Conversation::new().with(Message::user("What is this?").picture(named()));
    let error = pipeline().chat(&conversation).unwrap_err();
    assert!(matches!(&error, Error::Conversation(ConversationError::Picture(_))), "{error:?}");
    let asked = ImageRequest { conversation: Some(conversation), ..request() };
    let error = pipeline().generate(&asked).unwrap_err();
    assert!(matches!(&error, Error::Request(RequestError::Picture(_))), "{error:?}");
}
