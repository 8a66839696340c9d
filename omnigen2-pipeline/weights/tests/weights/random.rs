use std::path::Path;

use omnigen2_weights::{Archive, Storage};
use proptest::prelude::*;
use proptest::sample::Index;
use safetensors::Dtype;
use tempfile::tempdir;

use crate::memory::peak_of;
use crate::toy::{TOY, Tensors, Toy};

/// What the reading of a file may allocate for each of its bytes: a two-byte item of a JSON list becomes a tree
/// node and then an axis in a list that doubles as it grows.
const ALLOCATED_PER_BYTE: usize = 64;
/// Paths, messages and the module itself.
const BOOKKEEPING: usize = 256 * 1024;

#[derive(Clone, Debug)]
struct Edit {
    place: Index,
    byte: u8,
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    // Digits and punctuation keep many headers readable, so that the checks behind the parser are reached.
    let byte = prop_oneof![any::<u8>(), proptest::sample::select(b"0123456789[]{}\",:-.eF".to_vec())];
    let edit = (any::<Index>(), byte).prop_map(|(place, byte)| Edit { place, byte });
    proptest::collection::vec(edit, 1..6)
}

fn apply(edits: &[Edit], bytes: &mut [u8]) {
    for edit in edits {
        let place = edit.place.index(bytes.len());
        bytes[place] = edit.byte;
    }
}

/// Opens and loads, whatever comes of it, and holds the memory to its bound.
fn survive(path: &Path, size: usize) {
    let load = || {
        if let Ok(archive) = Archive::open(path) {
            let _ = archive.summary();
            let _ = archive.load(Toy::new(1), &TOY, Storage::F32);
        }
    };
    let ((), peak) = peak_of(load);
    assert!(peak < ALLOCATED_PER_BYTE * size + BOOKKEEPING, "{peak} bytes for a file of {size}");
}

proptest! {
    #[test]
    fn mutated_headers_never_panic_nor_allocate_without_bound(edits in edits(), cut in any::<Option<Index>>()) {
        let folder = tempdir().unwrap();
        let file = folder.path().join("toy.safetensors");
        Tensors::of(&Toy::new(1), Dtype::F16).save(&file);
        let mut bytes = std::fs::read(&file).unwrap();
        let header = 8 + u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
        apply(&edits, &mut bytes[..header]);
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        std::fs::write(&file, &bytes).unwrap();
        survive(&file, bytes.len());
    }

    #[test]
    fn mutated_indices_never_panic_nor_allocate_without_bound(edits in edits()) {
        let folder = tempdir().unwrap();
        let tensors = Tensors::of(&Toy::new(1), Dtype::F16);
        tensors.save_shards(folder.path());
        let index = folder.path().join("model.safetensors.index.json");
        let mut bytes = std::fs::read(&index).unwrap();
        apply(&edits, &mut bytes);
        std::fs::write(&index, &bytes).unwrap();
        survive(folder.path(), bytes.len() + tensors.0.values().map(|stored| stored.bytes.len()).sum::<usize>());
    }

    #[test]
    fn any_bytes_are_a_file_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let folder = tempdir().unwrap();
        let file = folder.path().join("noise.safetensors");
        std::fs::write(&file, &bytes).unwrap();
        survive(&file, bytes.len());
    }
}
