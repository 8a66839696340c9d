use std::path::{Path, PathBuf};

use burn::prelude::*;
use omnigen2_pipeline::lora::Adapter;
use omnigen2_pipeline::pixels::{RgbImage, Size};
use omnigen2_pipeline::weights::Storage;
use omnigen2_pipeline::{Builder, Error, ImageRequest, Memory, NonFiniteCause, OmniGen2, Precision};

use crate::place::{Place, layer};

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)
}

fn builder() -> Builder {
    let builder = OmniGen2::builder(&Device::flex()).checkpoint(fixture("tiny-checkpoint")).unwrap();
    builder.storage(Storage::AsStored).precision(Precision::F32)
}

fn adapter() -> Adapter {
    Adapter::open(fixture("goldens/lora/diffusion_model/pytorch_lora_weights.safetensors")).unwrap()
}

fn draw(omnigen2: &mut OmniGen2) -> RgbImage {
    let request = ImageRequest::new("a red fox").size(Size::new(48, 32)).steps(2).seed(3);
    omnigen2.generate(&request).unwrap().finish().unwrap().remove(0)
}

/// The largest difference of 8-bit numbers.
fn levels(a: &RgbImage, b: &RgbImage) -> u8 {
    a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn adapters_come_and_go_on_a_living_pipeline() {
    for memory in [Memory::Resident, Memory::Staged] {
        let mut omnigen2 = builder().memory(memory).build().unwrap();
        let bare = draw(&mut omnigen2);
        omnigen2.set_loras(vec![adapter()]).unwrap();
        let adapted = draw(&mut omnigen2);
        assert!(levels(&bare, &adapted) > 1);
        omnigen2.set_loras(vec![adapter().scaled(0.5).unwrap()]).unwrap();
        assert!(levels(&draw(&mut omnigen2), &adapted) > 0);
        omnigen2.set_loras(Vec::new()).unwrap();
        assert_eq!(draw(&mut omnigen2), bare);

        let path = adapter().path().to_owned();
        let mut omnigen2 = builder().memory(memory).lora(path, 1.0).unwrap().build().unwrap();
        assert!(levels(&draw(&mut omnigen2), &adapted) <= 1);
        omnigen2.set_loras(Vec::new()).unwrap();
        assert_eq!(draw(&mut omnigen2), bare);
    }
}

#[test]
fn one_that_does_not_fit_is_refused_and_the_others_stay() {
    let place = Place::new();
    let foreign = place.write("foreign.safetensors", &layer("layers.99.attn.to_q", [72, 72], 1));
    let error = builder().lora(&foreign, 1.0).unwrap().build().unwrap_err().to_string();
    assert!(error.contains("foreign.safetensors") && error.contains("layers.99"), "{error}");

    let mut omnigen2 = builder().build().unwrap();
    omnigen2.set_loras(vec![adapter()]).unwrap();
    let adapted = draw(&mut omnigen2);
    assert!(omnigen2.set_loras(vec![Adapter::open(&foreign).unwrap()]).is_err());
    assert_eq!(draw(&mut omnigen2), adapted);
    assert!(builder().lora(place.file("none"), 1.0).is_err());
    assert!(builder().lora(adapter().path(), f64::INFINITY).is_err());
}

#[test]
fn one_that_is_too_strong_is_named_and_not_the_checkpoint() {
    let mut omnigen2 = builder().build().unwrap();
    omnigen2.set_loras(vec![adapter().scaled(1e38).unwrap()]).unwrap();
    let request = ImageRequest::new("a red fox").size(Size::new(48, 32)).steps(2).seed(3);
    let error = omnigen2.generate(&request).unwrap().finish().unwrap_err();
    let Error::NonFinite { cause, .. } = &error else { panic!("{error}") };
    let NonFiniteCause::Adapters(named) = &**cause else { panic!("{cause}") };
    assert_eq!(*named, [format!("{} at {}", adapter().path().display(), 1e38)]);
    assert!(error.to_string().contains("the adapters are too strong"), "{error}");
}

#[test]
fn what_adapters_take_is_planned() {
    let request = ImageRequest::new("a fox").size(Size::new(48, 32));
    let held = |builder: Builder| {
        let plan = builder.plan(&request).unwrap();
        plan.parts.iter().find(|need| need.part == "transformer").unwrap().rest
    };
    let (bare, merged) = (held(builder()), held(builder().lora(adapter().path(), 1.0).unwrap()));
    assert!(merged.held > bare.held && merged.total() == bare.total(), "{bare:?} {merged:?}");
    let mut omnigen2 = builder().build().unwrap();
    omnigen2.set_loras(vec![adapter()]).unwrap();
    let apart = omnigen2.plan(&request).unwrap().unwrap().parts;
    let apart = apart.iter().find(|need| need.part == "transformer").unwrap().rest;
    assert_eq!(apart.held, bare.held + 4 * adapter().parameters() as u64);
}
