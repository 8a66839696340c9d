//! Examples that are made of a model's own pictures.
#![allow(clippy::unwrap_used, reason = "a test stops at the first failure")]

use std::fs;

use burn::prelude::Device;
use omnigen2_train::{Sketch, write_sketches};

const SEED: u64 = 77;

#[test]
fn its_sketches_are_examples_to_train_on() {
    let mut omnigen2 = omnigen2_shapes::model(&Device::flex()).unwrap();
    let sketches: Vec<Sketch> =
        (0..40).filter_map(|index| Sketch::draw(&mut omnigen2, SEED, index, 2).unwrap()).collect();
    let mended = sketches.iter().filter(|sketch| sketch.mended.is_some()).count();
    assert!(sketches.iter().all(|sketch| sketch.mended.is_none() || !sketch.is_right()));
    assert!((1..40).contains(&mended), "{mended} of {}", sketches.len());
    let folder = tempfile::tempdir().unwrap();
    let count = sketches.len() + mended;
    write_sketches(sketches, folder.path()).unwrap();
    let lines = fs::read_to_string(folder.path().join("examples.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), count);
    assert!(folder.path().join("000000.png").exists());
}
