//! GGUF files: their integers are taken as they are, and every type can be had as another.

use std::path::Path;

use burn::prelude::*;
use omnigen2_gguf::{BlockType, Plan, TensorPlan, Value};
use omnigen2_rope::ops::Linear;
use omnigen2_weights::{Archive, Element, Naming, Storage, WeightsError};
use tempfile::tempdir;

const NAMING: Naming<'_> = Naming::of("linear");
const OUTPUT: usize = 24;

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919) % 613) as f32 / 307.0 - 1.0).collect()
}

/// Writes a matrix in blocks, and returns the numbers that they stand for.
fn save(path: &Path, kind: BlockType, input: usize) -> Vec<f32> {
    let numbers = numbers(OUTPUT * input);
    let shape = [OUTPUT, input];
    let is_flattened = !input.is_multiple_of(kind.block_len());
    let tensor = if is_flattened {
        TensorPlan::flattened("weight", &shape, kind)
    } else {
        TensorPlan::new("weight", &shape, kind)
    };
    let mut bytes = vec![0; kind.bytes_of(numbers.len()).unwrap()];
    kind.quantise(&numbers, &mut bytes).unwrap();
    let texts = vec![("general.architecture".into(), Value::from("omnigen2"))];
    let plan = Plan::new(texts, vec![tensor]).unwrap();
    let mut writer = plan.begin(std::fs::File::create(path).unwrap()).unwrap();
    writer.write("weight", &bytes).unwrap();
    writer.finish().unwrap();
    let mut stood_for = vec![0.0; numbers.len()];
    kind.dequantise(&bytes, &mut stood_for);
    stood_for
}

fn load(archive: &Archive, input: usize, storage: Storage) -> Result<Linear, WeightsError> {
    archive.load(Linear::new(input, OUTPUT, &Device::flex()), &NAMING, storage)
}

fn values(linear: &Linear) -> Vec<f32> {
    linear.weight.val().into_data().convert::<f32>().try_into_vec().unwrap()
}

#[test]
fn every_type_loads_with_equal_numbers() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("linear.gguf");
    for &kind in BlockType::ALL.iter().filter(|kind| kind.quantises()) {
        let expected = save(&path, kind, 512);
        let archive = Archive::open(folder.path()).unwrap();
        assert_eq!(archive.metadata()["general.architecture"], "omnigen2");
        for storage in [Storage::AsStored, Storage::F32] {
            let linear = load(&archive, 512, storage).unwrap();
            assert_eq!(values(&linear), expected, "{kind} {storage}");
            let is_packed = kind.integer_view().is_some() && storage == Storage::AsStored;
            assert_eq!(linear.weight.packed().is_some(), is_packed, "{kind} {storage}");
        }
        let rest = archive.get("weight").unwrap().rest(&NAMING, Storage::Auto, &Device::flex()).unwrap();
        assert!(rest.total() <= 2 * 512 * OUTPUT as u64 || kind == BlockType::F32, "{kind}: {rest:?}");
    }
}

#[test]
fn blocks_that_cross_rows_are_rounded_anew() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("linear.gguf");
    for (kind, input) in [(BlockType::Q8_0, 100), (BlockType::Q4K, 96)] {
        let expected = save(&path, kind, input);
        let archive = Archive::open(&path).unwrap();
        assert_eq!(archive.get("weight").unwrap().shape(), [OUTPUT, input]);
        assert_eq!(values(&load(&archive, input, Storage::F32).unwrap()), expected);
        let packed = load(&archive, input, Storage::Auto).unwrap();
        assert!(packed.weight.packed().is_some());
        let norm = |numbers: &[f32]| numbers.iter().map(|x| x * x).sum::<f32>().sqrt();
        let lost: Vec<f32> = values(&packed).iter().zip(&expected).map(|(a, b)| a - b).collect();
        assert!(norm(&lost) < 0.006 * norm(&expected), "{kind}");
    }
}

#[test]
fn other_bits_are_rounded_from_what_the_file_has() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("linear.gguf");
    save(&path, BlockType::Q8_0, 512);
    let archive = Archive::open(&path).unwrap();
    for storage in [Storage::Q8, Storage::Q4] {
        assert!(load(&archive, 512, storage).unwrap().weight.packed().is_some());
    }
    assert!(matches!(archive.get("weight").unwrap().element(), Element::Blocks(BlockType::Q8_0)));
}

#[test]
fn a_file_that_is_cut_or_changed_is_an_error_that_names_it() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("linear.gguf");
    save(&path, BlockType::Q8_0, 64);
    let whole = std::fs::read(&path).unwrap();
    for length in [4, 20, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = Archive::open(&path).unwrap_err();
        assert!(matches!(error, WeightsError::Gguf { .. }), "{error}");
        assert!(error.to_string().contains("linear.gguf"), "{error}");
    }
}
