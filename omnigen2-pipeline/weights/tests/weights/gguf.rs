//! GGUF files: their integers are taken as they are, and every type can be had as another.

use std::path::Path;

use burn::prelude::*;
use omnigen2_gguf::{BlockType, Plan, TensorPlan, Value};
use omnigen2_rope::ops::Linear;
use omnigen2_weights::{Archive, Element, Naming, Storage, WeightsError};
use tempfile::tempdir;

const NAMING: Naming<'_> = Naming::of("linear");
const OUTPUT: usize = 24;
/// The 11 digits of half precision, in which a scale rests that is a product, and an offset: integers times scale are at most
/// twice the largest number, and offsets that number.
const HALF: f32 = 3.0 / 2048.0;

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7919) % 613) as f32 / 307.0 - 1.0).collect()
}

/// Writes a matrix in blocks, and returns the numbers that they stand for.
fn save(path: &Path, kind: BlockType, shape: [usize; 2]) -> Vec<f32> {
    let [output, input] = shape;
    let numbers = numbers(output * input);
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

fn load(archive: &Archive, storage: Storage) -> Result<Linear, WeightsError> {
    let shape = archive.get("weight").unwrap().shape();
    archive.load(Linear::new(shape[1], shape[0], &Device::flex()), &NAMING, storage)
}

fn values(linear: &Linear) -> Vec<f32> {
    linear.weight.val().into_data().convert::<f32>().try_into_vec().unwrap()
}

/// Tells whether numbers are those of a file, as far as its scales are kept.
fn are_taken(kind: BlockType, found: &[f32], expected: &[f32]) -> bool {
    let has_products = matches!(kind, BlockType::Q2K | BlockType::Q3K | BlockType::Q4K);
    let most = expected.iter().fold(0.0f32, |most, number| most.max(number.abs()));
    let tolerance = if has_products { HALF * most } else { 0.0 };
    found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() <= tolerance)
}

#[test]
fn every_type_loads_with_equal_numbers() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("linear.gguf");
    for &kind in BlockType::ALL.iter().filter(|kind| kind.quantises()) {
        let expected = save(&path, kind, [OUTPUT, 512]);
        let archive = Archive::open(folder.path()).unwrap();
        assert_eq!(archive.metadata()["general.architecture"], "omnigen2");
        for storage in [Storage::AsStored, Storage::F32] {
            let linear = load(&archive, storage).unwrap();
            let is_packed = kind.integer_view().is_some() && storage == Storage::AsStored;
            assert_eq!(linear.weight.packed().is_some(), is_packed, "{kind} {storage}");
            if is_packed {
                assert!(are_taken(kind, &values(&linear), &expected), "{kind}");
            } else {
                assert_eq!(values(&linear), expected, "{kind} {storage}");
            }
        }
        let rest = archive.get("weight").unwrap().rest(&NAMING, Storage::Auto, &Device::flex()).unwrap();
        assert!(rest.total() <= 2 * 512 * OUTPUT as u64 || kind == BlockType::F32, "{kind}: {rest:?}");
    }
}

#[test]
fn blocks_that_run_on_from_row_to_row_are_taken_as_they_are() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("linear.gguf");
    let kinds = BlockType::ALL.iter().filter(|kind| kind.quantises() && kind.integer_view().is_some());
    for (&kind, input) in kinds.flat_map(|kind| [(kind, 72), (kind, 2520)]) {
        let expected = save(&path, kind, [256, input]);
        let archive = Archive::open(&path).unwrap();
        let linear = load(&archive, Storage::Auto).unwrap();
        let layout = *linear.weight.packed().unwrap().layout();
        assert!(layout.runs_on, "{layout:?}");
        assert!(are_taken(kind, &values(&linear), &expected), "{kind}");
        let rest = archive.get("weight").unwrap().rest(&NAMING, Storage::Auto, &Device::flex()).unwrap();
        assert_eq!(rest.held, layout.bytes() as u64);
        if input == 2520 && matches!(kind, BlockType::Q4_0 | BlockType::Q4_1 | BlockType::Q4K) {
            // A row takes up to 80 blocks, which are a fiftieth more than its numbers.
            assert!(rest.held * 8 * 50 <= 5 * 51 * 256 * 2520, "{kind}: {rest:?}");
        }
    }
}

#[test]
fn blocks_are_rounded_anew_where_few_rows_begin_at_the_same_place_of_one() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("linear.gguf");
    for (kind, input) in [(BlockType::Q8_0, 100), (BlockType::Q4_0, 36)] {
        let expected = save(&path, kind, [OUTPUT, input]);
        let archive = Archive::open(&path).unwrap();
        assert_eq!(archive.get("weight").unwrap().shape(), [OUTPUT, input]);
        assert_eq!(values(&load(&archive, Storage::F32).unwrap()), expected);
        let packed = load(&archive, Storage::Auto).unwrap();
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
    save(&path, BlockType::Q8_0, [OUTPUT, 512]);
    let archive = Archive::open(&path).unwrap();
    for storage in [Storage::Q8, Storage::Q4] {
        assert!(load(&archive, storage).unwrap().weight.packed().is_some());
    }
    assert!(matches!(archive.get("weight").unwrap().element(), Element::Blocks(BlockType::Q8_0)));
}

#[test]
fn a_file_that_is_cut_or_changed_is_an_error_that_names_it() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("linear.gguf");
    save(&path, BlockType::Q8_0, [OUTPUT, 64]);
    let whole = std::fs::read(&path).unwrap();
    for length in [4, 20, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = Archive::open(&path).unwrap_err();
        assert!(matches!(error, WeightsError::Gguf { .. }), "{error}");
        assert!(error.to_string().contains("linear.gguf"), "{error}");
    }
}
