//! Headers: those of the Python package `gguf`, and those that nobody should write.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use omnigen2_gguf::{Array, BlockType, Header, Value};
use support::{read, values};

/// A file of these pairs and tensors, each as its bytes, and so many bytes of data.
fn file(pairs: &[Vec<u8>], tensors: &[Vec<u8>], data: usize) -> Vec<u8> {
    let counts = [tensors.len() as u64, pairs.len() as u64].map(u64::to_le_bytes).concat();
    let parts = [pairs.concat(), tensors.concat()].concat();
    let mut file = [b"GGUF".as_slice(), &3u32.to_le_bytes(), &counts, &parts].concat();
    file.resize(file.len().next_multiple_of(32) + data, 0);
    file
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

fn pair(key: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    [&text(key), kind.to_le_bytes().as_slice(), value].concat()
}

/// A tensor with its axes in the file's order.
fn tensor(name: &str, axes: &[u64], kind: u32, offset: u64) -> Vec<u8> {
    let count = (axes.len() as u32).to_le_bytes();
    let axes = axes.iter().flat_map(|axis| axis.to_le_bytes()).collect::<Vec<_>>();
    [&text(name), count.as_slice(), &axes, &kind.to_le_bytes(), &offset.to_le_bytes()].concat()
}

fn original_shape(name: &str, shape: &[i32]) -> Vec<u8> {
    let axes: Vec<_> = shape.iter().flat_map(|axis| axis.to_le_bytes()).collect();
    let value = [&5u32.to_le_bytes(), (shape.len() as u64).to_le_bytes().as_slice(), &axes].concat();
    pair(&format!("comfy.gguf.orig_shape.{name}"), 9, &value)
}

fn refusal(file: &[u8]) -> String {
    Header::parse(file).unwrap_err().to_string()
}

#[test]
fn all_values_of_the_package_are_read() {
    let header = Header::parse(&read("metadata.gguf")).unwrap();
    assert_eq!((header.version(), header.alignment()), (3, 64));
    let mut expected = values();
    expected.push(("comfy.gguf.orig_shape.flat", Value::Array(Array::I32(vec![4, 40]))));
    for (key, value) in &expected {
        assert_eq!(header.metadata().get(*key), Some(value), "{key}");
    }
    assert_eq!(header.metadata().len(), expected.len());
}

#[test]
fn tensors_of_the_package_have_their_shapes_and_numbers() {
    let file = read("metadata.gguf");
    let header = Header::parse(&file).unwrap();
    let shapes: [(&str, &[usize]); 5] =
        [("flat", &[4, 40]), ("four", &[2, 3, 4, 2]), ("one", &[5]), ("three", &[2, 3, 4]), ("two", &[2, 3])];
    assert_eq!(header.tensors().len(), shapes.len());
    for (name, shape) in shapes {
        let tensor = &header.tensors()[name];
        assert_eq!((tensor.shape(), tensor.range().start % 64), (shape, 0), "{name}");
        if name != "flat" {
            let mut numbers = vec![0.0; tensor.numbers()];
            tensor.block_type().dequantise(&file[tensor.range()], &mut numbers);
            assert!(numbers.iter().enumerate().all(|(at, number)| *number == at as f32), "{name}");
        }
    }
    let flat = &header.tensors()["flat"];
    assert_eq!((flat.stored_shape(), flat.block_type()), ([5, 32].as_slice(), BlockType::Q8_0));
    assert!(flat.crosses_rows() && !header.tensors()["two"].crosses_rows());
}

#[test]
fn version_2_is_read_and_others_are_refused() {
    let mut bytes = read("metadata.gguf");
    let mut with = |version: u32| {
        bytes[4..8].copy_from_slice(&version.to_le_bytes());
        Header::parse(&bytes)
    };
    assert_eq!(with(2).unwrap().version(), 2);
    for (version, words) in
        [(1, "is of version 1, versions 2 and 3"), (4, "version 4"), (3 << 24, "big-endian")]
    {
        let error = with(version).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    assert!(refusal(b"PK\x03\x04").contains("begins with \"PK\\u{3}\\u{4}\", expected \"GGUF\""));
}

#[test]
fn pairs_at_fault_are_named() {
    let u32_pair = |key, value: u32| pair(key, 4, &value.to_le_bytes());
    let deep = [9u32.to_le_bytes().as_slice(), &1u64.to_le_bytes()].concat().repeat(9);
    let many = [0u32.to_le_bytes().as_slice(), &u64::MAX.to_le_bytes()].concat();
    let not_utf8 = [&2u64.to_le_bytes(), [0xc3, 0x28].as_slice()].concat();
    for (pairs, words) in [
        (vec![u32_pair("a", 1), u32_pair("a", 2)], "the metadata pair `a`: is there twice"),
        (vec![u32_pair("general.alignment", 48)], "`general.alignment`: is U32(48), expected a power of two"),
        (vec![u32_pair("general.alignment", 0)], "is U32(0), expected a power of two"),
        (vec![pair("general.alignment", 10, &32u64.to_le_bytes())], "is U64(32), expected"),
        (vec![pair("a\nb", 13, &[])], "the metadata pair `a\\nb`: has a value of type 13, expected 0 to 12"),
        (vec![pair("a", 9, &deep)], "`a`: has arrays more than 8 deep"),
        (vec![pair("a", 9, &many)], "`a`: needs 1 bytes"),
        (vec![pair("a", 7, &[2])], "`a`: has the truth value 2"),
        (vec![pair("a", 8, &not_utf8)], "`a`: has text at byte 45 that is not UTF-8"),
        (vec![pair("a", 8, &u64::MAX.to_le_bytes())], "needs 18446744073709551615 bytes from byte 45"),
        (vec![u32_pair("a", 1), not_utf8.clone()], "metadata pair 1: has text at byte 49 that is not UTF-8"),
    ] {
        let error = refusal(&file(&pairs, &[], 0));
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn tensors_at_fault_are_named() {
    let good = || tensor("a", &[8], 0, 0);
    let long = "x".repeat(1000);
    for (tensors, words) in [
        (vec![good(), good()], "the tensor `a`: is there twice"),
        (vec![tensor("a", &[], 0, 0)], "has 0 axes, expected 1 to 4"),
        (vec![tensor("a", &[1; 5], 0, 0)], "has 5 axes"),
        (vec![tensor("a", &[1; 65], 0, 0)], "has 65 axes"),
        (vec![tensor("a", &[4, 0], 0, 0)], "has the shape [0, 4], with an axis of length 0"),
        (vec![tensor("a", &[48], 8, 0)], "rows of 48 numbers, expected a multiple of 32 for Q8_0"),
        (vec![tensor("a", &[2520, 2], 12, 0)], "rows of 2520 numbers, expected a multiple of 256 for Q4_K"),
        (vec![tensor("a", &[1 << 62, 4], 0, 0)], "more than any file holds"),
        (vec![tensor("a", &[1 << 40, 1 << 23], 0, 0)], "more than any file holds"),
        (vec![tensor("a", &[8], 28, 0)], "`a`: is of type 28 (F64), which is not read"),
        (vec![tensor("a", &[8], 99, 0)], "is of type 99 (no type that is known)"),
        (vec![tensor("a", &[8], 0, 4)], "begins at offset 4, expected a multiple of 32"),
        (vec![tensor("a", &[32], 0, 0)], "needs 128 bytes at offset 0 of the data, which have 64"),
        (vec![tensor("a", &[8], 0, !31)], "at offset 18446744073709551584"),
        (vec![good(), tensor("b", &[8], 0, 0)], "the tensor `b`: has bytes in common with `a`"),
        (vec![tensor(&long, &[], 0, 0)], "xx…`: has 0 axes"),
        (vec![good(), vec![0xff; 8]], "tensor 1: needs 18446744073709551615 bytes"),
    ] {
        let error = refusal(&file(&[], &tensors, 64));
        assert!(error.contains(words), "{error}");
        assert!(error.len() < 400, "{error}");
    }
    Header::parse(&file(&[], &[good(), tensor("b", &[8], 0, 32)], 64)).unwrap();
}

#[test]
fn an_original_shape_has_the_numbers_of_its_tensor() {
    let with = |shape: &[i32]| file(&[original_shape("a", shape)], &[tensor("a", &[32, 5], 8, 0)], 170);
    for shape in [vec![4, 40], vec![160], vec![2, 2, 2, 2, 10]] {
        let header = Header::parse(&with(&shape)).unwrap();
        let expected: Vec<_> = shape.iter().map(|&axis| axis as usize).collect();
        assert_eq!(header.tensors()["a"].shape(), expected);
    }
    for shape in [vec![4, 41], vec![-4, -40], vec![], vec![i32::MAX; 4]] {
        let error = refusal(&with(&shape));
        assert!(error.contains("whose product is 160, the numbers of its tensor"), "{error}");
        assert!(error.contains("`comfy.gguf.orig_shape.a`: tells the shape Array(I32(["), "{error}");
    }
    let long = refusal(&with(&[1; 10_000]));
    assert!(long.contains("1, 1, 1…, expected") && long.len() < 400, "{long}");
    let wrong = pair("comfy.gguf.orig_shape.a", 4, &[160, 0, 0, 0]);
    assert!(refusal(&file(&[wrong], &[tensor("a", &[160], 0, 0)], 640)).contains("tells the shape U32(160)"));
    Header::parse(&file(&[original_shape("of another", &[7])], &[], 0)).unwrap();
}

#[test]
fn counts_that_are_claimed_take_no_memory() {
    let mut claimed = file(&[], &[], 0);
    claimed[16..24].fill(0xff);
    assert!(refusal(&claimed).contains("needs 4 bytes from byte 32 on"), "{}", refusal(&claimed));
    claimed[8..24].rotate_left(8);
    assert!(refusal(&claimed).contains("needs 4 bytes from byte 32 on"), "{}", refusal(&claimed));
}

#[test]
fn a_file_is_refused_at_each_length_and_read_or_refused_with_each_byte_changed() {
    let whole = read("metadata.gguf");
    let end =
        Header::parse(&whole).unwrap().tensors().values().map(|tensor| tensor.range().end).max().unwrap();
    for length in 0..end {
        Header::parse(&whole[..length]).unwrap_err();
    }
    let mut changed = whole.clone();
    for at in 0..whole.len() {
        for mask in [1, 0x80, 0xff] {
            changed[at] ^= mask;
            if let Ok(header) = Header::parse(&changed) {
                for tensor in header.tensors().values() {
                    let bytes = &changed[tensor.range()];
                    tensor.block_type().dequantise(bytes, &mut vec![0.0; tensor.numbers()]);
                }
            }
            changed[at] = whole[at];
        }
    }
}
