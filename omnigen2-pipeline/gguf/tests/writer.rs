//! Files that are written here: the package's bytes, and whatever is read again.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use omnigen2_gguf::{Array, BlockType, Fault, GgufError, Header, Plan, TensorPlan, Value};
use proptest::prelude::*;
use support::{fixtures, floats, read, values};

/// A tensor with its bytes.
type Filled = (TensorPlan, Vec<u8>);

fn file(metadata: Vec<(String, Value)>, tensors: &[Filled]) -> Vec<u8> {
    let plan = Plan::new(metadata, tensors.iter().map(|(tensor, _)| tensor.clone()).collect()).unwrap();
    let size = plan.size();
    let mut writer = plan.begin(Vec::new()).unwrap();
    for (tensor, bytes) in tensors {
        for part in bytes.chunks(100) {
            writer.write(tensor.name(), part).unwrap();
        }
    }
    let file = writer.finish().unwrap();
    assert_eq!(file.len() as u64, size);
    file
}

fn quantised(plan: TensorPlan, numbers: &[f32]) -> Filled {
    let mut bytes = vec![0; plan.block_type().bytes_of(numbers.len()).unwrap()];
    plan.block_type().quantise(numbers, &mut bytes).unwrap();
    (plan, bytes)
}

fn counted(name: &str, shape: &[usize], kind: BlockType) -> Filled {
    let numbers: Vec<_> = (0..shape.iter().product()).map(|at: usize| at as f32).collect();
    quantised(TensorPlan::flattened(name, shape, kind), &numbers)
}

fn named(pairs: &[(&str, Value)]) -> Vec<(String, Value)> {
    pairs.iter().map(|(key, value)| ((*key).into(), value.clone())).collect()
}

#[test]
fn files_of_blocks_are_those_of_the_package_to_the_byte() {
    let numbers = floats("input.f32");
    for fixture in fixtures() {
        let random = TensorPlan::new("random", &[2, 512], fixture.kind);
        let mut tensors = vec![(random, fixture.tensor("random").unwrap().to_vec())];
        if fixture.tensor("quantised").is_some() {
            tensors.push(quantised(TensorPlan::new("quantised", &[2, 512], fixture.kind), &numbers));
        }
        let written = file(named(&[("general.architecture", "test".into())]), &tensors);
        assert!(written == fixture.file, "{}", fixture.kind);
    }
}

#[test]
fn a_file_of_all_values_is_that_of_the_package_to_the_byte() {
    let tensors = [
        counted("one", &[5], BlockType::F32),
        counted("two", &[2, 3], BlockType::F32),
        counted("three", &[2, 3, 4], BlockType::F32),
        counted("four", &[2, 3, 4, 2], BlockType::F16),
        counted("flat", &[4, 40], BlockType::Q8_0),
    ];
    assert!(file(named(&values()), &tensors) == read("metadata.gguf"));
}

#[test]
fn flattened_tensors_have_rows_of_256_if_they_can() {
    let stored = |shape: &[usize], kind| TensorPlan::flattened("a", shape, kind).stored_shape().to_vec();
    assert_eq!(stored(&[2520, 2520], BlockType::Q4_0), [198_450, 32]);
    assert_eq!(stored(&[2520, 10_240], BlockType::Q4K), [2520, 10_240]);
    assert_eq!(stored(&[10_240, 2520], BlockType::Q4K), [100_800, 256]);
    assert_eq!(stored(&[1, 2, 3, 4, 5], BlockType::F16), [120]);
    for (shape, kind) in [(vec![2520, 2520], BlockType::Q4K), (vec![3, 5], BlockType::Q8_0)] {
        let error = Plan::new(vec![], vec![TensorPlan::flattened("a", &shape, kind)]).unwrap_err();
        assert!(matches!(error.fault, Fault::Rows { .. }), "{error}");
    }
}

#[test]
fn what_no_file_can_hold_is_refused() {
    let refusal = |metadata: &[(&str, Value)], tensors| -> GgufError {
        Plan::new(named(metadata), tensors).unwrap_err()
    };
    let good = || TensorPlan::new("a", &[4], BlockType::F32);
    let nested = (0..8).fold(Array::U8(vec![1]), |inner, _| Array::Array(vec![inner]));
    for (error, words) in [
        (
            refusal(&[("k", Value::U8(1)), ("k", Value::U8(2))], vec![]),
            "the metadata pair `k`: is there twice",
        ),
        (refusal(&[("k", Value::Array(nested))], vec![]), "`k`: has arrays more than 8 deep"),
        (refusal(&[("general.alignment", Value::U32(3))], vec![]), "is U32(3), expected a power of two"),
        (refusal(&[], vec![good(), good()]), "the tensor `a`: is there twice"),
        (refusal(&[], vec![TensorPlan::new("a", &[], BlockType::F32)]), "has 0 axes"),
        (
            refusal(&[], vec![TensorPlan::new("a", &[0, 2], BlockType::F32)]),
            "[0, 2], with an axis of length 0",
        ),
        (
            refusal(&[], vec![TensorPlan::flattened("a", &[0, 2], BlockType::Q8_0)]),
            "[0], with an axis of length 0",
        ),
        (
            refusal(&[], vec![TensorPlan::flattened("a", &[usize::MAX, 2], BlockType::Q8_0)]),
            "rows of 2 numbers",
        ),
        (refusal(&[], vec![TensorPlan::new("a", &[2, 48], BlockType::Q8_0)]), "rows of 48 numbers"),
        (refusal(&[], vec![TensorPlan::new("a", &[usize::MAX], BlockType::F32)]), "more than any file"),
    ] {
        let error = error.to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
#[should_panic(expected = "the tensor that is written, and the one planned")]
fn tensors_come_in_their_order() {
    let tensors = ["a", "b"].map(|name| TensorPlan::new(name, &[1], BlockType::F32));
    let mut writer = Plan::new(vec![], tensors.into()).unwrap().begin(Vec::new()).unwrap();
    let _ = writer.write("b", &[0; 4]);
}

#[test]
#[should_panic(expected = "5 bytes of `a`, planned are 4")]
fn tensors_have_their_bytes() {
    let tensors = vec![TensorPlan::new("a", &[1], BlockType::F32)];
    let mut writer = Plan::new(vec![], tensors).unwrap().begin(Vec::new()).unwrap();
    let _ = writer.write("a", &[0; 5]);
}

#[test]
#[should_panic(expected = "the tensor that is still to be written")]
fn a_file_is_not_ended_early() {
    let tensors = vec![TensorPlan::new("a", &[1], BlockType::F32)];
    let _ = Plan::new(vec![], tensors).unwrap().begin(Vec::new()).unwrap().finish();
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<u8>().prop_map(Value::U8),
        any::<i16>().prop_map(Value::I16),
        any::<u64>().prop_map(Value::U64),
        (-1e9..1e9f64).prop_map(Value::F64),
        any::<bool>().prop_map(Value::Bool),
        any::<String>().prop_map(Value::String),
        array().prop_map(Value::Array),
    ]
}

fn array() -> impl Strategy<Value = Array> {
    let flat = prop_oneof![
        prop::collection::vec(any::<u16>(), 0..5).prop_map(Array::U16),
        prop::collection::vec(any::<bool>(), 0..5).prop_map(Array::Bool),
        prop::collection::vec(any::<String>(), 0..3).prop_map(Array::String),
    ];
    flat.prop_recursive(5, 20, 3, |inner| prop::collection::vec(inner, 0..3).prop_map(Array::Array))
}

fn tensor() -> impl Strategy<Value = (Vec<usize>, BlockType, u8)> {
    let shape = prop::collection::vec(1usize..5, 1..6);
    (shape, prop::sample::select(BlockType::ALL.to_vec()), any::<u8>()).prop_map(|(mut shape, kind, fill)| {
        shape[0] *= kind.block_len();
        (shape, kind, fill)
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        metadata in prop::collection::btree_map("[a-z.]{1,9}", value(), 0..6),
        tensors in prop::collection::btree_map(".{1,9}", tensor(), 0..6),
        alignment in prop::option::of(0u32..9),
    ) {
        let mut metadata: Vec<_> = metadata.into_iter().collect();
        metadata.extend(alignment.map(|power| ("general.alignment".into(), Value::U32(1 << power))));
        let fill = |(name, (shape, kind, fill)): (&String, &(Vec<usize>, BlockType, u8))| {
            let bytes = kind.bytes_of(shape.iter().product()).unwrap();
            (TensorPlan::flattened(name, shape, *kind), vec![*fill; bytes])
        };
        let filled: Vec<_> = tensors.iter().map(fill).collect();
        let written = file(metadata.clone(), &filled);

        let header = Header::parse(&written).unwrap();
        for (key, value) in &metadata {
            prop_assert_eq!(header.metadata().get(key), Some(value));
        }
        prop_assert_eq!(header.tensors().len(), tensors.len());
        for (plan, bytes) in &filled {
            let tensor = &header.tensors()[plan.name()];
            prop_assert_eq!(tensor.shape(), plan.shape());
            prop_assert_eq!(tensor.stored_shape(), plan.stored_shape());
            prop_assert_eq!(&written[tensor.range()], bytes);
        }
    }

    #[test]
    fn what_is_changed_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = read("metadata.gguf");
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = Header::parse(&bytes);
        bytes.truncate(length.index(bytes.len()));
        let _ = Header::parse(&bytes);
    }
}
