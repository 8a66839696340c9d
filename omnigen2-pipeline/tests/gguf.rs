//! Checkpoints with GGUF files in the place of safetensors.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::fs;
use std::path::{Path, PathBuf};

use burn::prelude::*;
use omnigen2_gguf::{BlockType, Plan, TensorPlan};
use omnigen2_pipeline::checkpoint::MLLM_NAMING;
use omnigen2_pipeline::values::Size;
use omnigen2_pipeline::weights::{Archive, Naming, Storage};
use omnigen2_pipeline::{Checkpoint, ImageRequest, OmniGen2};

/// A relative difference of hidden states that weights of 8 bits make.
const EIGHT_BITS: f32 = 0.03;

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-checkpoint")
}

/// A copy of the tiny checkpoint, one part of which is a GGUF file of its matrices in a type and all else in F32.
fn checkpoint(folder: &Path, part: &str, kind: BlockType, name: impl Fn(&str) -> String) -> PathBuf {
    let root = folder.join("checkpoint");
    copy(&tiny(), &root);
    let weights = root.join(part);
    let archive = Archive::open(&weights).unwrap();
    let mut tensors: Vec<(TensorPlan, Vec<u8>)> = archive
        .tensors()
        .filter(|(name, _)| !name.contains("visual."))
        .map(|(path, entry)| {
            let (name, shape) = (name(path), entry.shape());
            let fits = shape.len() == 2 && shape[1].is_multiple_of(kind.block_len());
            let kind = if fits { kind } else { BlockType::F32 };
            let numbers = entry.at_rest(burn::tensor::DType::F32).unwrap();
            let numbers: Vec<f32> =
                numbers.as_chunks().0.iter().map(|&bytes| f32::from_ne_bytes(bytes)).collect();
            let mut bytes = vec![0; kind.bytes_of(numbers.len()).unwrap()];
            kind.quantise(&numbers, &mut bytes).unwrap();
            (TensorPlan::new(name, shape, kind), bytes)
        })
        .collect();
    tensors.sort_by(|a, b| a.0.name().cmp(b.0.name()));
    let plan = Plan::new(Vec::new(), tensors.iter().map(|(plan, _)| plan.clone()).collect()).unwrap();
    let mut writer = plan.begin(fs::File::create(weights.join("part.gguf")).unwrap()).unwrap();
    for (plan, bytes) in &tensors {
        writer.write(plan.name(), bytes).unwrap();
    }
    writer.finish().unwrap();
    for file in fs::read_dir(&weights).unwrap().map(|file| file.unwrap().path()) {
        if file.to_string_lossy().contains(".safetensors") {
            fs::remove_file(file).unwrap();
        }
    }
    root
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to)
        } else {
            fs::copy(entry.path(), to).map(|_| ()).unwrap()
        }
    }
}

/// The name that llama.cpp's files have for a tensor of the published ones.
fn llama(name: &str) -> String {
    let table = &[omnigen2_mllm::GGUF_NAMES];
    Naming { tables: table, ..MLLM_NAMING }.rename(name.strip_prefix("model.").unwrap_or(name))
}

fn hidden(checkpoint: &Checkpoint, storage: Storage) -> Tensor<3> {
    let device = Device::flex();
    let mllm = checkpoint.load_mllm(&device, storage).unwrap();
    let input = omnigen2_mllm::Input::text(&mllm, &[3, 1, 4, 1, 5], burn::tensor::FloatDType::F32).unwrap();
    mllm.extend(&input, &mut omnigen2_mllm::KvCache::default()).unwrap()
}

fn difference(found: Tensor<3>, expected: Tensor<3>) -> f32 {
    let norm = |x: Tensor<3>| x.square().sum().sqrt().into_scalar::<f32>();
    norm(found - expected.clone()) / norm(expected)
}

#[test]
fn a_language_model_with_the_names_of_llama_cpp_reads_as_the_published_one() {
    let folder = tempfile::tempdir().unwrap();
    let expected = hidden(&Checkpoint::open(tiny()).unwrap(), Storage::F32);
    for (kind, most) in [(BlockType::F32, 0.0), (BlockType::Q8_0, EIGHT_BITS)] {
        let root = checkpoint(folder.path(), "mllm", kind, llama);
        let checkpoint = Checkpoint::open(&root).unwrap();
        checkpoint.verify(&Device::flex()).unwrap();
        let found = difference(hidden(&checkpoint, Storage::AsStored), expected.clone());
        assert!(found <= most, "{kind}: {found}");
        fs::remove_dir_all(root).unwrap();
    }
}

#[test]
fn a_picture_is_drawn_from_a_transformer_in_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let root = checkpoint(folder.path(), "transformer", BlockType::Q8_0, str::to_owned);
    let mut omnigen2 = OmniGen2::load(root, &Device::flex()).unwrap();
    let request = ImageRequest::new("a red fox").size(Size::new(32, 32)).steps(2);
    let pictures = omnigen2.generate(&request).unwrap().finish().unwrap();
    assert_eq!(pictures.len(), 1);
}
