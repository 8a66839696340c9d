//! A checkpoint whose transformer and language model become GGUF files.

use std::fs;
use std::path::Path;

use burn::prelude::*;
use half::bf16;
use omnigen2_gguf::{BlockType, Header, Value};
use omnigen2_pipeline::checkpoint::{DIT_NAMING, MLLM_NAMING, VIT_NAMING};
use omnigen2_pipeline::convert::{Blocks, Conversion, ConvertError};
use omnigen2_pipeline::files::faults;
use omnigen2_pipeline::values::Size;
use omnigen2_pipeline::weights::{Archive, Element, Entry, Storage};
use omnigen2_pipeline::{Checkpoint, Error, ImageRequest, OmniGen2};
use omnigen2_rope::ops::packed::Bits;

use super::{contents, convert, f32s, names, refused, small, tiny};

fn quantise(from: &Path, to: &Path, blocks: Blocks) -> Result<(), Error> {
    Conversion::quantising(from, to, blocks)?.try_for_each(|progress| progress.map(|_| ()))
}

/// The type that matrices of so many numbers have where they are packed.
fn expected_type(blocks: Blocks, numbers: usize) -> BlockType {
    let is_whole = numbers.is_multiple_of(256);
    match blocks {
        Blocks::Q8_0 => BlockType::Q8_0,
        Blocks::Q6K if is_whole => BlockType::Q6K,
        Blocks::Q6K => BlockType::Q8_0,
        Blocks::Q5K if is_whole => BlockType::Q5K,
        Blocks::Q5K => BlockType::Q5_1,
        Blocks::Q4K if is_whole => BlockType::Q4K,
        Blocks::Q4K => BlockType::Q4_1,
        Blocks::Q4_0 => BlockType::Q4_0,
    }
}

/// The type and the bytes that a tensor of the tiny checkpoint, which is F32, should have.
fn expected(part: &str, entry: &Entry, blocks: Blocks) -> (Element, Vec<u8>) {
    let naming = match part {
        "transformer" => DIT_NAMING,
        _ if entry.name().contains("visual.") => VIT_NAMING,
        _ => MLLM_NAMING,
    };
    let numbers: Vec<f32> = f32s(entry.bytes()).collect();
    let kind = match naming.bits(entry.name(), entry.shape(), Storage::Q4) {
        Some(Bits::Eight) => BlockType::Q8_0,
        Some(Bits::Four) => expected_type(blocks, numbers.len()),
        None if entry.shape().len() == 1 => return (Element::F32, entry.bytes().to_vec()),
        None => {
            let halves = numbers.iter().flat_map(|&number| bf16::from_f32(number).to_le_bytes());
            return (Element::Bf16, halves.collect());
        }
    };
    let mut bytes = vec![0; kind.bytes_of(numbers.len()).unwrap()];
    kind.quantise(&numbers, &mut bytes).unwrap();
    (Element::Blocks(kind), bytes)
}

#[test]
fn tensors_are_blocks_by_the_rule_that_packs_them_while_they_are_loaded() {
    let place = tempfile::tempdir().unwrap();
    for &blocks in Blocks::ALL {
        let out = place.path().join(blocks.name());
        quantise(&tiny(), &out, blocks).unwrap();
        let mut types = Vec::new();
        for part in ["transformer", "mllm"] {
            let [before, after] = [tiny(), out.clone()].map(|root| Archive::open(root.join(part)).unwrap());
            assert_eq!(before.tensors().count(), after.tensors().count());
            for (name, entry) in before.tensors() {
                let found = after.get(name).unwrap();
                let (element, bytes) = expected(part, entry, blocks);
                assert_eq!((found.element(), found.shape()), (&element, entry.shape()), "{name}");
                assert!(found.bytes() == bytes, "{name} {element}");
                types.push(element.to_string());
            }
        }
        for kind in ["F32", "BF16", "Q8_0", &expected_type(blocks, 256).to_string()] {
            assert!(types.iter().any(|found| found == kind), "{blocks}: no {kind}");
        }
        let [before, after] = [tiny(), out.clone()].map(|root| Archive::open(root.join("vae")).unwrap());
        assert!(before.tensors().all(|(name, entry)| after.get(name).unwrap().bytes() == entry.bytes()));
        Checkpoint::open(&out).unwrap().verify(&Device::flex()).unwrap();
    }
}

#[test]
fn a_file_tells_what_it_is_and_what_it_was_made_from() {
    let out = tempfile::tempdir().unwrap();
    quantise(&tiny(), out.path(), Blocks::Q4K).unwrap();
    let known = names(&tiny());
    let copied = names(out.path()).into_iter().filter(|name| name.extension().unwrap() != "gguf");
    assert!(copied.clone().all(|name| known.contains(&name)));
    assert!(copied.filter(|name| name.extension().unwrap() == "safetensors").count() == 1, "the VAE");
    for (file, architecture, shards) in
        [("transformer/diffusion_pytorch_model.gguf", "lumina2", 6), ("mllm/model.gguf", "qwen2vl", 4)]
    {
        let file = fs::read(out.path().join(file)).unwrap();
        let header = Header::parse(&file).unwrap();
        let text = |key: &str| header.metadata()[key].as_str().unwrap();
        assert_eq!(text("general.architecture"), architecture);
        assert_eq!(header.metadata()["general.file_type"], Value::U32(14));
        assert_eq!(header.metadata()["general.quantization_version"], Value::U32(2));
        assert_eq!(text("omnigen2.converted_from").matches(".safetensors, ").count(), shards);
    }
}

#[test]
fn pictures_are_drawn_and_pictures_are_looked_at() {
    let place = tempfile::tempdir().unwrap();
    let device = Device::flex();
    for blocks in [Blocks::Q8_0, Blocks::Q4K] {
        let out = place.path().join(blocks.name());
        quantise(&tiny(), &out, blocks).unwrap();
        Checkpoint::open(&out).unwrap().load_vit(&device, Storage::Auto).unwrap();
        let request = ImageRequest::new("a fox").size(Size::new(32, 32)).steps(2);
        let mut omnigen2 = OmniGen2::load(&out, &device).unwrap();
        assert_eq!(omnigen2.generate(&request).unwrap().finish().unwrap().len(), 1);
    }
}

#[test]
fn what_is_in_blocks_is_converted_too() {
    let place = tempfile::tempdir().unwrap();
    let [blocks, again, floats] = ["blocks", "again", "floats"].map(|name| place.path().join(name));
    quantise(&tiny(), &blocks, Blocks::Q4_0).unwrap();
    quantise(&blocks, &again, Blocks::Q4_0).unwrap();
    convert(&blocks, &floats, Storage::F32).unwrap();
    for part in ["transformer", "mllm"] {
        let [blocks, again, floats] =
            [&blocks, &again, &floats].map(|root| Archive::open(root.join(part)).unwrap());
        for (name, entry) in blocks.tensors() {
            assert!(again.get(name).unwrap().bytes() == entry.bytes(), "{name}");
            let numbers = entry.at_rest(burn::tensor::DType::F32).unwrap();
            assert!(floats.get(name).unwrap().bytes() == &numbers[..], "{name}");
        }
    }
    assert!(floats.join("mllm/model.safetensors").is_file());
    Checkpoint::open(&floats).unwrap().verify(&Device::flex()).unwrap();
}

#[test]
fn a_conversion_stopped_at_any_change_and_begun_again_gives_the_same_files() {
    let place = tempfile::tempdir().unwrap();
    let [from, undisturbed] = ["from", "undisturbed"].map(|name| place.path().join(name));
    small(&from);
    quantise(&from, &undisturbed, Blocks::Q8_0).unwrap();
    let expected = contents(&undisturbed);
    assert_eq!(expected.len(), 4);
    for stop in 0..1000 {
        let to = place.path().join(stop.to_string());
        let outcome = faults::stopping_at(stop, || quantise(&from, &to, Blocks::Q8_0));
        if outcome.is_none() {
            quantise(&from, &to, Blocks::Q8_0).unwrap();
        }
        assert_eq!(contents(&to), expected, "stopped at {stop}");
        if let Some(outcome) = outcome {
            outcome.unwrap();
            assert!(stop > 15, "there were changes to stop at");
            return;
        }
    }
    unreachable!("it never ends");
}

#[test]
fn a_whole_file_stays_and_one_of_another_source_or_type_is_written_anew() {
    let place = tempfile::tempdir().unwrap();
    let [from, to] = ["from", "to"].map(|name| place.path().join(name));
    convert(&tiny(), &from, Storage::Bf16).unwrap();
    quantise(&from, &to, Blocks::Q4_0).unwrap();
    let file = to.join("mllm/model.gguf");
    let whole = fs::read(&file).unwrap();
    let modified = || fs::metadata(&file).unwrap().modified().unwrap();
    let before = modified();
    quantise(&from, &to, Blocks::Q4_0).unwrap();
    assert_eq!(modified(), before);
    fs::write(&file, &whole[..whole.len() - 1]).unwrap();
    quantise(&from, &to, Blocks::Q4_0).unwrap();
    assert!(fs::read(&file).unwrap() == whole);
    quantise(&from, &to, Blocks::Q8_0).unwrap();
    assert!(fs::read(&file).unwrap().len() > whole.len());
    let source = from.join("mllm/model-00001-of-00004.safetensors");
    let text = fs::read(&source).unwrap();
    fs::write(&source, text).unwrap();
    let before = modified();
    quantise(&from, &to, Blocks::Q8_0).unwrap();
    assert!(modified() > before);
}

#[test]
fn weights_of_another_form_are_not_left_beside_the_new_ones() {
    let place = tempfile::tempdir().unwrap();
    let [from, blocks, floats] = ["from", "blocks", "floats"].map(|name| place.path().join(name));
    small(&from);
    quantise(&from, &blocks, Blocks::Q8_0).unwrap();
    convert(&from, &floats, Storage::Bf16).unwrap();
    let error = refused(&from, &blocks);
    assert!(error.to_string().contains("model.gguf is of another checkpoint"), "{error}");
    let error = quantise(&from, &floats, Blocks::Q8_0).unwrap_err();
    assert!(matches!(error, Error::Convert(ConvertError::Foreign { .. })), "{error}");
}

#[test]
fn numbers_of_which_no_blocks_are_made_are_named() {
    let place = tempfile::tempdir().unwrap();
    let [from, to] = ["from", "to"].map(|name| place.path().join(name));
    fs::create_dir_all(from.join("transformer")).unwrap();
    let mut numbers = vec![1.0f32; 64 * 72];
    numbers[100] = f32::NAN;
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![64, 72], &bytes).unwrap();
    let file = from.join("transformer/model.safetensors");
    safetensors::serialize_to_file([("layers.0.attn.to_q.weight", view)], None, &file).unwrap();
    let error = quantise(&from, &to, Blocks::Q4K).unwrap_err();
    assert!(matches!(&error, Error::Convert(ConvertError::Number { .. })), "{error}");
    let message = error.to_string();
    assert!(
        message.contains("to_q.weight") && message.contains("NaN") && message.contains("Q4_K"),
        "{message}"
    );
    assert!(names(&to).is_empty(), "nothing is left");
}

#[test]
fn what_cannot_be_written_is_named() {
    let place = tempfile::tempdir().unwrap();
    let [from, to] = ["from", "to"].map(|name| place.path().join(name));
    small(&from);
    fs::create_dir_all(&to).unwrap();
    fs::write(to.join("mllm"), "in the way").unwrap();
    let error = quantise(&from, &to, Blocks::Q8_0).unwrap_err().to_string();
    assert!(error.contains("to/mllm"), "{error}");
}
