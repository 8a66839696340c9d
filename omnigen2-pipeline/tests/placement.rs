//! A device of its own for each part: the picture is the same wherever its parts are.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(deprecated, reason = "burn keeps ndarray until its next release")]

use std::path::Path;

use burn::prelude::*;
use image::{Rgb, RgbImage};
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::weights::Storage;
use omnigen2_pipeline::{
    Conversation, ImageRequest, Memory, Message, OmniGen2, Placement, ReplySettings, Turn,
};

/// Levels of 256 by which sums of F32 numbers in another order may round otherwise.
const TOLERANCE: u8 = 1;

fn pipeline(placement: Placement) -> OmniGen2 {
    let checkpoint = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-checkpoint");
    let builder = OmniGen2::builder(&Device::flex()).checkpoint(checkpoint).unwrap();
    builder.placement(placement).storage(Storage::AsStored).memory(Memory::Staged).build().unwrap()
}

/// Each part away from the others in turn.
fn placements() -> Vec<Placement> {
    let (here, there) = (Placement::on(&Device::flex()), Device::ndarray());
    // Not the vision tower: its patches have more axes for a moment than ndarray takes.
    vec![
        Placement { text: there.clone(), ..here.clone() },
        Placement { denoiser: there.clone(), ..here.clone() },
        Placement { autoencoder: there, ..here },
    ]
}

fn picture() -> RgbImage {
    RgbImage::from_fn(56, 56, |x, y| Rgb([(x * 4) as u8, (y * 4) as u8, 90]))
}

fn assert_alike(found: &RgbImage, expected: &RgbImage) {
    assert_eq!(found.dimensions(), expected.dimensions());
    let far = found.iter().zip(expected.iter()).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(far <= Some(TOLERANCE), "{far:?}");
}

#[test]
fn an_edit_is_the_same_wherever_its_parts_are() {
    let request =
        ImageRequest::new("a red fox").reference(picture()).size(Size::new(32, 48)).steps(2).seed(3);
    let draw = |placement| pipeline(placement).generate(&request).unwrap().finish().unwrap().remove(0);
    let expected = draw(Placement::on(&Device::flex()));
    for placement in placements() {
        let mut omnigen2 = pipeline(placement.clone());
        let mut generation = omnigen2.generate(&request).unwrap();
        generation.next().unwrap().unwrap();
        assert_eq!(generation.preview().unwrap()[0].dimensions(), (32, 48));
        assert_alike(&generation.finish().unwrap()[0], &expected);
        assert_eq!(omnigen2.placement(), &placement);
    }
}

#[test]
fn a_conversation_and_its_picture_are_the_same_wherever_the_parts_are() {
    let asked = Conversation::new().with(Message::user("What is this?").picture(picture()));
    let settings = ReplySettings { max_tokens: 6, may_draw: false, ..ReplySettings::default() };
    let request = ImageRequest { conversation: Some(asked.clone()), ..ImageRequest::new("") };
    let request = request.size(Size::new(32, 32)).steps(1);
    let run = |placement| {
        let mut omnigen2 = pipeline(placement);
        let turn = omnigen2.chat_with(&asked, &settings).unwrap().finish().unwrap();
        (turn, omnigen2.generate(&request).unwrap().finish().unwrap().remove(0))
    };
    let (said, drawn) = run(Placement::on(&Device::flex()));
    assert!(matches!(&said, Turn::Text(text) if !text.is_empty()));
    for placement in placements() {
        let (found, picture) = run(placement);
        assert_eq!(found, said);
        assert_alike(&picture, &drawn);
    }
}
