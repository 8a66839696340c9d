//! Floats of 8 bits, with a scale or without, as ComfyUI writes them.

use std::path::Path;

use burn::prelude::*;
use omnigen2_gguf::fp8;
use omnigen2_rope::ops::Linear;
use omnigen2_weights::{Archive, Naming, Storage, WeightsError};
use safetensors::{Dtype, tensor::TensorView};
use tempfile::tempdir;

const NAMING: Naming<'_> = Naming::of("linear");

/// All codes of finite numbers, in a matrix of 64 columns.
fn codes(table: &[f32; 256]) -> Vec<u8> {
    (0..=255u8).filter(|&code| table[usize::from(code)].is_finite()).cycle().take(64 * 64).collect()
}

fn save(path: &Path, dtype: Dtype, codes: &[u8], scale: Option<&[f32]>) {
    let scale: Option<Vec<u8>> = scale.map(|scale| scale.iter().flat_map(|x| x.to_le_bytes()).collect());
    let mut tensors = vec![("weight", TensorView::new(dtype, vec![64, 64], codes).unwrap())];
    if let Some(scale) = &scale {
        tensors.push(("scale_weight", TensorView::new(Dtype::F32, vec![scale.len() / 4], scale).unwrap()));
        tensors.push(("scaled_fp8", TensorView::new(dtype, vec![2], &[0; 2]).unwrap()));
    }
    safetensors::serialize_to_file(tensors, None, path).unwrap();
}

fn load(path: &Path, storage: Storage) -> Result<Linear, WeightsError> {
    Archive::open(path)?.load(Linear::new(64, 64, &Device::flex()), &NAMING, storage)
}

#[test]
fn every_code_is_read_and_scaled() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("linear.safetensors");
    for (dtype, table) in [(Dtype::F8_E4M3, fp8::E4M3), (Dtype::F8_E5M2, fp8::E5M2)] {
        let codes = codes(&table);
        for (scale, factor) in [(None, 1.0), (Some(&[0.375][..]), 0.375)] {
            save(&path, dtype, &codes, scale);
            let linear = load(&path, Storage::F32).unwrap();
            let expected: Vec<f32> = codes.iter().map(|&code| table[usize::from(code)] * factor).collect();
            assert_eq!(linear.weight.val().into_data().try_into_vec::<f32>().unwrap(), expected, "{dtype:?}");
        }
    }
}

#[test]
fn they_are_packed_when_asked() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("linear.safetensors");
    save(&path, Dtype::F8_E4M3, &codes(&fp8::E4M3), Some(&[0.01]));
    assert!(load(&path, Storage::Q8).unwrap().weight.packed().is_some());
}

#[test]
fn a_scale_that_is_none_is_an_error() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("linear.safetensors");
    for (scale, part) in [(&[f32::NAN][..], "NaN"), (&[1.0, 2.0], "2 numbers")] {
        save(&path, Dtype::F8_E4M3, &codes(&fp8::E4M3), Some(scale));
        let error = load(&path, Storage::F32).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("linear.safetensors"), "{error}");
    }
}

#[test]
fn a_scale_in_another_shard_is_found() {
    let folder = tempdir().unwrap();
    let codes = codes(&fp8::E4M3);
    save(&folder.path().join("a.safetensors"), Dtype::F8_E4M3, &codes, None);
    let scale = 0.375_f32.to_le_bytes();
    let view = TensorView::new(Dtype::F32, vec![1], &scale).unwrap();
    safetensors::serialize_to_file([("scale_weight", view)], None, &folder.path().join("b.safetensors"))
        .unwrap();
    let index =
        serde_json::json!({ "weight_map": { "weight": "a.safetensors", "scale_weight": "b.safetensors" } });
    std::fs::write(folder.path().join("model.safetensors.index.json"), index.to_string()).unwrap();
    let linear = load(folder.path(), Storage::F32).unwrap();
    let expected: Vec<f32> = codes.iter().map(|&code| fp8::E4M3[usize::from(code)] * 0.375).collect();
    assert_eq!(linear.weight.val().into_data().try_into_vec::<f32>().unwrap(), expected);
}
