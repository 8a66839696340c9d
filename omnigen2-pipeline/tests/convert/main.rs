//! A checkpoint in another type: the same but for the rounding.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod gguf;

use std::fs;
use std::path::{Path, PathBuf};

use burn::prelude::*;
use half::bf16;
use omnigen2_pipeline::convert::{Conversion, ConvertError};
use omnigen2_pipeline::files::faults;
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::weights::{Archive, Storage, WeightsError};
use omnigen2_pipeline::{Checkpoint, Error, ImageRequest, OmniGen2};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use tempfile::TempDir;

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-checkpoint")
}

fn convert(from: &Path, to: &Path, storage: Storage) -> Result<(), Error> {
    Conversion::begin(from, to, storage)?.try_for_each(|progress| progress.map(|_| ()))
}

fn refused(from: &Path, to: &Path) -> Error {
    Conversion::begin(from, to, Storage::Bf16).unwrap_err()
}

/// All files, by their paths within a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn names(folder: &Path) -> Vec<PathBuf> {
    files(folder).iter().map(|path| path.strip_prefix(folder).unwrap().to_owned()).collect()
}

fn f32s(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b))
}

#[test]
fn every_tensor_is_rounded_and_every_other_file_is_the_same() {
    let out = tempfile::tempdir().unwrap();
    convert(&tiny(), out.path(), Storage::Bf16).unwrap();
    assert_eq!(names(out.path()), names(&tiny()));
    for name in names(&tiny()) {
        let text = name.to_string_lossy().into_owned();
        if text.ends_with(".safetensors.index.json") {
            let read = |root: &Path| -> serde_json::Value {
                serde_json::from_slice(&fs::read(root.join(&name)).unwrap()).unwrap()
            };
            let (before, after) = (read(&tiny()), read(out.path()));
            assert_eq!(before["weight_map"], after["weight_map"]);
            let size = |index: &serde_json::Value| index["metadata"]["total_size"].as_u64().unwrap();
            assert_eq!(size(&before), 2 * size(&after));
        } else if !text.ends_with(".safetensors") {
            assert_eq!(fs::read(tiny().join(&name)).unwrap(), fs::read(out.path().join(&name)).unwrap());
        }
    }
    for part in ["transformer", "mllm", "vae"] {
        let (before, after) =
            (Archive::open(tiny().join(part)).unwrap(), Archive::open(out.path().join(part)).unwrap());
        assert_eq!(before.tensors().count(), after.tensors().count());
        for (name, entry) in before.tensors() {
            let expected: Vec<u8> =
                f32s(entry.bytes()).flat_map(|x| bf16::from_f32(x).to_le_bytes()).collect();
            let found = after.get(name).unwrap();
            assert_eq!((found.shape(), found.type_name().as_str()), (entry.shape(), "BF16"));
            assert!(found.bytes() == expected, "{name}");
        }
    }
}

#[test]
fn what_was_converted_draws_as_what_is_rounded_when_loaded() {
    let out = tempfile::tempdir().unwrap();
    convert(&tiny(), out.path(), Storage::Bf16).unwrap();
    let draw = |checkpoint: &Path, storage| {
        let builder = OmniGen2::builder(&Device::flex()).checkpoint(checkpoint).unwrap();
        let request = ImageRequest::new("a fox").size(Size::new(32, 32)).steps(2);
        builder.storage(storage).build().unwrap().generate(&request).unwrap().finish().unwrap()
    };
    assert_eq!(draw(out.path(), Storage::AsStored), draw(&tiny(), Storage::Bf16));
}

#[test]
fn there_and_back_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let [half, full, again] = ["half", "full", "again"].map(|name| folder.path().join(name));
    convert(&tiny(), &half, Storage::F16).unwrap();
    convert(&half, &full, Storage::F32).unwrap();
    convert(&full, &again, Storage::F16).unwrap();
    let (half, again) =
        (Archive::open(half.join("mllm")).unwrap(), Archive::open(again.join("mllm")).unwrap());
    assert!(half.tensors().all(|(name, entry)| again.get(name).unwrap().bytes() == entry.bytes()));
    Checkpoint::open(&full).unwrap().verify(&Device::flex()).unwrap();
}

#[test]
fn a_conversion_that_was_cut_off_goes_on_and_leaves_nothing_half_written() {
    let out = tempfile::tempdir().unwrap();
    let mut conversion = Conversion::begin(tiny(), out.path(), Storage::Bf16).unwrap();
    let half = conversion.by_ref().find(|progress| {
        let progress = progress.as_ref().unwrap();
        progress.bytes_done > progress.bytes_total / 2
    });
    assert!(half.is_some());
    drop(conversion);
    let known = names(&tiny());
    assert!(names(out.path()).iter().all(|name| known.contains(name)), "{:?}", names(out.path()));
    let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let shards = files(out.path()).into_iter().filter(|path| path.extension().unwrap() == "safetensors");
    let whole: Vec<_> = shards.map(|path| (modified(&path), path)).collect();
    assert!(!whole.is_empty());
    convert(&tiny(), out.path(), Storage::Bf16).unwrap();
    assert!(whole.iter().all(|(before, path)| modified(path) == *before), "whole files stay");
    assert_eq!(names(out.path()), known);
}

#[test]
fn a_damaged_result_and_another_source_are_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
    convert(&tiny(), &from, Storage::F32).unwrap();
    convert(&from, &to, Storage::Bf16).unwrap();
    let shard = to.join("vae/diffusion_pytorch_model.safetensors");
    let whole = fs::read(&shard).unwrap();
    fs::write(&shard, &whole[..whole.len() - 1]).unwrap();
    convert(&from, &to, Storage::Bf16).unwrap();
    assert!(fs::read(&shard).unwrap() == whole);
    let source = from.join("vae/diffusion_pytorch_model.safetensors");
    let mut other = fs::read(&source).unwrap();
    let last = other.len() - 1;
    other[last] ^= 0x40;
    fs::write(&source, other).unwrap();
    convert(&from, &to, Storage::Bf16).unwrap();
    assert!(fs::read(&shard).unwrap() != whole);
}

/// A small checkpoint: one part in two shards with an index, one in a file.
fn small(folder: &Path) {
    let write = |name: &str, tensor: &str| {
        let bytes: Vec<u8> = (0..300).flat_map(|i| (i as f32 / 8.0).to_le_bytes()).collect();
        let view = TensorView::new(Dtype::F32, vec![3, 100], &bytes).unwrap();
        safetensors::serialize_to_file([(tensor, view)], None, &folder.join(name)).unwrap();
    };
    for part in ["vae", "mllm"] {
        fs::create_dir_all(folder.join(part)).unwrap();
        fs::write(folder.join(part).join("config.json"), "{}").unwrap();
    }
    write("vae/diffusion_pytorch_model.safetensors", "vae");
    write("mllm/model-1.safetensors", "first");
    write("mllm/model-2.safetensors", "second");
    let index = r#"{"weight_map": {"first": "model-1.safetensors", "second": "model-2.safetensors"}}"#;
    fs::write(folder.join("mllm/model.safetensors.index.json"), index).unwrap();
}

fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    names(folder).into_iter().map(|name| (name.clone(), fs::read(folder.join(name)).unwrap())).collect()
}

#[test]
fn a_conversion_stopped_at_any_change_and_begun_again_gives_the_same_files() {
    let place = tempfile::tempdir().unwrap();
    let [from, undisturbed] = ["from", "undisturbed"].map(|name| place.path().join(name));
    small(&from);
    convert(&from, &undisturbed, Storage::Bf16).unwrap();
    let expected = contents(&undisturbed);
    assert_eq!(expected.len(), 6);
    for stop in 0..1000 {
        let to = place.path().join(stop.to_string());
        let outcome = faults::stopping_at(stop, || convert(&from, &to, Storage::Bf16));
        if outcome.is_none() {
            convert(&from, &to, Storage::Bf16).unwrap();
        }
        assert_eq!(contents(&to), expected, "stopped at {stop}");
        if let Some(outcome) = outcome {
            outcome.unwrap();
            assert!(stop > 20, "there were changes to stop at");
            return;
        }
    }
    unreachable!("it never ends");
}

#[test]
fn two_conversions_do_not_write_one_folder() {
    let place = tempfile::tempdir().unwrap();
    let [from, to] = ["from", "to"].map(|name| place.path().join(name));
    small(&from);
    let mut first = Conversion::begin(&from, &to, Storage::Bf16).unwrap();
    first.next().unwrap().unwrap();
    let error = convert(&from, &to, Storage::Bf16).unwrap_err().to_string();
    let holder = format!("to is being written by process {} (", std::process::id());
    assert!(error.contains(&holder), "{error}");
    first.try_for_each(|progress| progress.map(|_| ())).unwrap();
    convert(&from, &to, Storage::Bf16).unwrap();
    assert_eq!(names(&to), names(&from));
}

#[test]
fn weights_of_another_layout_are_not_left_beside_the_new_ones() {
    let place = tempfile::tempdir().unwrap();
    let [shards, single, to] = ["shards", "single", "to"].map(|name| place.path().join(name));
    small(&shards);
    fs::create_dir_all(single.join("mllm")).unwrap();
    fs::copy(shards.join("mllm/model-1.safetensors"), single.join("mllm/model.safetensors")).unwrap();
    convert(&shards, &to, Storage::Bf16).unwrap();
    let before = contents(&to);
    let error = refused(&single, &to);
    assert!(matches!(error, Error::Convert(ConvertError::Foreign { .. })), "{error}");
    assert!(error.to_string().contains("to/mllm/model-1.safetensors is of another checkpoint"), "{error}");
    assert_eq!(contents(&to), before);
    fs::remove_dir_all(&to).unwrap();
    convert(&single, &to, Storage::Bf16).unwrap();
    let error = refused(&shards, &to);
    assert!(matches!(error, Error::Convert(ConvertError::Foreign { .. })), "{error}");
}

#[test]
fn numbers_of_64_bits_take_the_type_that_is_asked_for() {
    let place = tempfile::tempdir().unwrap();
    let [from, to] = ["from", "to"].map(|name| place.path().join(name));
    fs::create_dir_all(from.join("vae")).unwrap();
    let bytes: Vec<u8> =
        [1.0, 0.1, 1.0 + 2f64.powi(-8) + 1e-15].iter().flat_map(|x: &f64| x.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F64, vec![1, 3], &bytes).unwrap();
    let file = from.join("vae/model.safetensors");
    safetensors::serialize_to_file([("weight", view)], None, &file).unwrap();
    let load = |path: &Path| {
        Archive::open(path)?
            .tensor::<2>("weight", Storage::F32, &Device::flex())
            .map(|tensor| tensor.into_data().try_into_vec::<f32>().unwrap())
    };
    let error = load(&file).unwrap_err().to_string();
    assert!(error.contains("has the type F64: expected F32, F16 or BF16; convert the checkpoint"), "{error}");
    for (storage, expected) in [
        (Storage::Bf16, [1.0, 0.100_097_656, 1.007_812_5]),
        (Storage::F32, [1.0, 0.1, 1.003_906_3]),
        (Storage::AsStored, [1.0, 0.1, 1.003_906_3]),
    ] {
        convert(&from, &to, storage).unwrap();
        assert_eq!(load(&to.join("vae")).unwrap(), expected, "{storage:?}");
    }
}

fn component(values: &[f32]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("vae")).unwrap();
    let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, vec![values.len()], &bytes).unwrap();
    let steps = TensorView::new(Dtype::I64, vec![1], &[7, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    let path = folder.path().join("vae/model.safetensors");
    safetensors::serialize_to_file([("large", view), ("steps", steps)], None, &path).unwrap();
    folder
}

#[test]
fn what_a_type_cannot_hold_is_named_and_what_is_no_float_stays() {
    let from = component(&[1.0, 1e6]);
    let out = tempfile::tempdir().unwrap();
    let error = convert(from.path(), out.path(), Storage::F16).unwrap_err();
    assert!(matches!(&error, Error::Weights(WeightsError::Overflow { tensor, .. }) if tensor == "large"));
    assert!(names(out.path()).is_empty(), "nothing is left");
    convert(from.path(), out.path(), Storage::Bf16).unwrap();
    let archive = Archive::open(out.path().join("vae")).unwrap();
    assert_eq!(archive.get("steps").unwrap().type_name(), "I64");
    assert_eq!(archive.get("steps").unwrap().bytes()[0], 7);
}

#[test]
fn folders_that_make_no_sense_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [from, file] = ["from", "file"].map(|name| folder.path().join(name));
    convert(&tiny(), &from, Storage::Bf16).unwrap();
    fs::write(&file, "").unwrap();
    for (from, to) in [(&from, from.clone()), (&from, from.join("new/one")), (&from, folder.path().into())] {
        let error = refused(from, &to);
        assert!(matches!(error, Error::Convert(ConvertError::Within { .. })), "{error}");
    }
    for from in [folder.path().join("nowhere"), file.clone()] {
        let error = refused(&from, Path::new("out"));
        assert!(matches!(error, Error::Convert(ConvertError::NoFolder { .. })), "{error}");
    }
    let error = refused(&from, &file).to_string();
    assert!(
        error.ends_with("file is a file; expected a folder to write into, or a name that is free"),
        "{error}"
    );
}
