//! Parts whose files are cut off while they are in use.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::fs::OpenOptions;

use burn::prelude::*;
use omnigen2_pipeline::slot::Slot;
use omnigen2_pipeline::weights::{Archive, Naming, Storage};
use omnigen2_rope::ops::Linear;
use safetensors::tensor::TensorView;

#[test]
fn a_part_of_a_file_that_was_cut_off_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("linear.safetensors");
    let bytes = [0u8; 4096];
    let view = TensorView::new(safetensors::Dtype::F32, vec![32, 32], &bytes).unwrap();
    safetensors::serialize_to_file([("weight", view)], None, &path).unwrap();
    let from = path.clone();
    let mut slot = Slot::lazy("linear", move || {
        let linear = Linear::new(32, 32, &Device::flex());
        Ok(Box::new(Archive::open(&from)?.load(linear, &Naming::of("linear"), Storage::AsStored)?))
    });
    assert!(slot.get().is_ok());
    OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    let error = slot.get().unwrap_err().to_string();
    assert!(error.contains("linear.safetensors has 100 bytes and had"), "{error}");
    slot.release();
    let error = slot.get().unwrap_err().to_string();
    assert!(error.contains("linear.safetensors has 100 bytes where its header asks"), "{error}");
    assert!(Slot::ready("other", Box::new(())).get().is_ok());
}
