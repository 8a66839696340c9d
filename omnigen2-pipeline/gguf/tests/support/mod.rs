//! What the tests of this crate share: the files that the Python package `gguf` wrote.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test fails by panicking; not every test needs all of it"
)]

use std::fs;
use std::path::{Path, PathBuf};

use omnigen2_gguf::{BlockType, Header};

/// A file of the Python package, with the numbers in it.
pub(crate) struct Fixture {
    pub(crate) kind: BlockType,
    pub(crate) file: Vec<u8>,
    pub(crate) numbers: Vec<f32>,
}

pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub(crate) fn read(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap()
}

pub(crate) fn floats(name: &str) -> Vec<f32> {
    read(name).as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

pub(crate) fn fixture(kind: BlockType) -> Fixture {
    Fixture { kind, file: read(&format!("{kind}.gguf")), numbers: floats(&format!("{kind}.f32")) }
}

pub(crate) fn fixtures() -> impl Iterator<Item = Fixture> {
    BlockType::ALL.into_iter().map(fixture)
}

impl Fixture {
    /// The bytes of a tensor, if there is one.
    pub(crate) fn tensor(&self, name: &str) -> Option<&[u8]> {
        let header = Header::parse(&self.file).unwrap();
        header.tensors().get(name).map(|tensor| &self.file[tensor.range()])
    }

    /// The bytes of all tensors, in the order of `numbers`.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        ["random", "quantised"].into_iter().filter_map(|name| self.tensor(name)).collect::<Vec<_>>().concat()
    }
}

pub(crate) fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}
