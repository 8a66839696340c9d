//! Matrices that are packed while they are loaded.

use burn::prelude::*;
use omnigen2_rope::ops::packed::Bits;
use omnigen2_rope::ops::{Linear, Packed};
use omnigen2_weights::{Archive, Naming, Rest, Storage, WeightsError};
use safetensors::Dtype;
use tempfile::tempdir;

use crate::toy::Tensors;

const NAMING: Naming<'_> = Naming::of("linear");

fn archive(dtype: Dtype, shape: &[usize]) -> Archive {
    let folder = tempdir().unwrap();
    let file = folder.path().join("linear.safetensors");
    let mut tensors = Tensors::default();
    tensors.add("weight", dtype, shape);
    tensors.save(&file);
    Archive::open(&file).unwrap()
}

fn load(archive: &Archive, naming: &Naming<'_>, storage: Storage) -> Result<Linear, WeightsError> {
    let [output, input] =
        [archive.get("weight").unwrap().shape()[0], archive.get("weight").unwrap().shape()[1]];
    archive.load(Linear::new(input, output, &Device::flex()), naming, storage)
}

fn bits(linear: &Linear) -> Option<Bits> {
    linear.weight.packed().map(|packed| packed.layout().bits)
}

#[test]
fn matrices_rest_in_as_many_bits_as_asked_for() {
    let device = Device::flex();
    for dtype in [Dtype::F32, Dtype::F16, Dtype::BF16] {
        let archive = archive(dtype, &[70, 100]);
        let plain = load(&archive, &NAMING, Storage::F32).unwrap().weight.val();
        for (storage, expected) in [(Storage::Q8, Bits::Eight), (Storage::Q4, Bits::Four)] {
            let linear = load(&archive, &NAMING, storage).unwrap();
            assert_eq!(bits(&linear), Some(expected), "{dtype:?}");
            let whole = Packed::quantise(plain.clone(), expected);
            assert_eq!(linear.weight.val().into_data(), whole.val().into_data(), "{dtype:?} {storage}");
            let layout = *whole.layout();
            let held = layout.value_bytes() + layout.scale_bytes() + layout.offset_bytes();
            let rest = archive.get("weight").unwrap().rest(&NAMING, storage, &device).unwrap();
            assert_eq!(rest, Rest { held: held as u64, mapped: 0 });
        }
    }
}

#[test]
fn names_say_what_is_packed_less_or_not_at_all() {
    let archive = archive(Dtype::F32, &[70, 100]);
    let fine = Naming { fine: &["weight"], ..NAMING };
    assert_eq!(bits(&load(&archive, &fine, Storage::Q4).unwrap()), Some(Bits::Eight));
    let float = Naming { float: &["weight"], ..NAMING };
    let linear = load(&archive, &float, Storage::Q4).unwrap();
    assert_eq!(bits(&linear), None);
    let usual = load(&archive, &NAMING, Storage::Auto).unwrap();
    assert_eq!(linear.weight.val().into_data(), usual.weight.val().into_data());
}

#[test]
fn large_matrices_are_packed_where_none_asks_for_it_if_their_network_bears_it() {
    let device = Device::flex();
    let bears = Naming { bears_packing: true, ..NAMING };
    let is_fast = Packed::is_fast_on(&device);
    for (shape, naming, is_packed) in [
        ([1024, 512], bears, is_fast),
        ([1024, 511], bears, false),
        ([1024, 512], NAMING, false),
        ([1024, 512], Naming { float: &["weight"], ..bears }, false),
    ] {
        let archive = archive(Dtype::BF16, &shape);
        let expected = is_packed.then_some(Bits::Eight);
        assert_eq!(bits(&load(&archive, &naming, Storage::Auto).unwrap()), expected, "{shape:?} {naming:?}");
        assert_eq!(bits(&load(&archive, &naming, Storage::AsStored).unwrap()), None, "{shape:?} {naming:?}");
    }
}

#[test]
fn of_what_is_not_packed_large_matrices_are_beside_4_bits() {
    let float = Naming { float: &["weight"], ..NAMING };
    let archive = archive(Dtype::BF16, &[1024, 512]);
    assert_eq!(bits(&load(&archive, &float, Storage::Q8).unwrap()), None);
    assert_eq!(bits(&load(&archive, &float, Storage::Q4).unwrap()), Some(Bits::Eight));
}

#[test]
fn small_matrices_rest_as_ever() {
    let archive = archive(Dtype::F32, &[8, 100]);
    assert_eq!(bits(&load(&archive, &NAMING, Storage::Q8).unwrap()), None);
}
