//! What the tests of this crate share: the files that the Python package `gguf` wrote.
#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test fails by panicking; not every test needs all of it"
)]

use std::fs;
use std::path::{Path, PathBuf};

use omnigen2_gguf::{Array, BlockType, Header, Value};

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

/// The values of `metadata.gguf`, but for the shape of what was flattened.
pub(crate) fn values() -> Vec<(&'static str, Value)> {
    let array = Value::Array;
    vec![
        ("general.architecture", Value::from("test")),
        ("general.alignment", Value::U32(64)),
        ("u8", Value::U8(200)),
        ("i8", Value::I8(-100)),
        ("u16", Value::U16(60_000)),
        ("i16", Value::I16(-30_000)),
        ("u32", Value::U32(4_000_000_000)),
        ("i32", Value::I32(-2_000_000_000)),
        ("f32", Value::F32(0.1)),
        ("u64", Value::U64(1 << 63)),
        ("i64", Value::I64(-(1 << 62))),
        ("f64", Value::F64(0.1)),
        ("bool", Value::Bool(true)),
        ("text", Value::from("grüße 狐")),
        ("integers", array(Array::I32(vec![1, -2, 3]))),
        ("numbers", array(Array::F32(vec![0.5, -0.25]))),
        ("bools", array(Array::Bool(vec![true, false]))),
        ("texts", array(Array::String(vec!["a".into(), "".into(), "ü".into()]))),
        ("arrays", array(Array::Array(vec![Array::I32(vec![1, 2]), Array::I32(vec![3])]))),
        ("bytes", array(Array::U8(vec![0, 255]))),
        ("array.INT8", array(Array::I8(vec![-1]))),
        ("array.UINT16", array(Array::U16(vec![2]))),
        ("array.INT16", array(Array::I16(vec![-3]))),
        ("array.UINT32", array(Array::U32(vec![4]))),
        ("array.UINT64", array(Array::U64(vec![5]))),
        ("array.INT64", array(Array::I64(vec![-6]))),
        ("array.FLOAT64", array(Array::F64(vec![0.1]))),
    ]
}
