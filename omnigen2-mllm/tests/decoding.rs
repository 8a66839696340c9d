//! Reading on from a cache: the same as reading everything at once.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use burn::prelude::*;
use burn::tensor::{FloatDType, Tolerance};
use omnigen2_mllm::{
    Decoder, ImageFeatures, Input, InputError, KvCache, Mllm, MllmConfig, Next, Sampler, Sampling,
};
use omnigen2_rope::Grid;

const IMAGE: u32 = 60;
const PAD: u32 = 0;

/// Sums of a few dozen numbers of size 1 in another order.
const REORDERED: f32 = 1e-5;

fn mllm() -> Mllm {
    let config = MllmConfig { num_hidden_layers: 3, max_position_embeddings: 700, ..MllmConfig::tiny() };
    config.init(&Device::flex())
}

fn text(mllm: &Mllm, ids: &[u32]) -> Input {
    Input::text(mllm, ids, FloatDType::F32).unwrap()
}

/// Text with an image of two by three in it, and the image.
fn with_image() -> (Vec<u32>, ImageFeatures) {
    let ids = [&[1, 2, 3][..], &[IMAGE; 6], &[4, 5]].concat();
    let values = Tensor::<1, Int>::arange(0..6 * 32, &Device::flex()).float().sin().reshape([6, 32]);
    (ids, ImageFeatures { values, grid: Grid::new(2, 3) })
}

fn assert_same(found: Tensor<3>, expected: Tensor<3>) {
    assert_eq!(found.dims(), expected.dims());
    found.into_data().assert_approx_eq(&expected.into_data(), Tolerance::<f32>::absolute(REORDERED));
}

#[test]
fn token_by_token_is_as_at_once() {
    let mllm = mllm();
    let ids: Vec<u32> = (0..600).map(|i| (i * 7) % 50).collect();
    let at_once = mllm.hidden(&text(&mllm, &ids));
    let mut cache = KvCache::default();
    let mut parts = vec![mllm.extend(&text(&mllm, &ids[..5]), &mut cache).unwrap()];
    for &id in &ids[5..] {
        let next = Input::next_tokens(&mllm, &[id], FloatDType::F32).unwrap();
        parts.push(mllm.extend(&next, &mut cache).unwrap());
    }
    assert_same(Tensor::cat(parts, 1), at_once);
    assert_eq!(cache.tokens(), 600);
}

#[test]
fn an_image_keeps_its_places_in_the_middle_of_a_conversation() {
    let mllm = mllm();
    let (ids, image) = with_image();
    let images = [image.clone(), image.clone()];
    let both = [&ids[..], &ids].concat();
    let at_once = mllm.hidden(&Input::with_images(&mllm, &both, &images, FloatDType::F32).unwrap());
    let turn = Input::with_images(&mllm, &ids, &images[..1], FloatDType::F32).unwrap();
    let mut cache = KvCache::default();
    let first = mllm.extend(&turn, &mut cache).unwrap();
    let second = mllm.extend(&turn, &mut cache).unwrap();
    assert_same(Tensor::cat(vec![first, second], 1), at_once);
}

#[test]
fn what_was_forgotten_leaves_no_trace() {
    let mllm = mllm();
    let (ids, image) = with_image();
    let turn = Input::with_images(&mllm, &ids, &[image], FloatDType::F32).unwrap();
    let mut cache = KvCache::default();
    mllm.extend(&turn, &mut cache).unwrap();
    let expected = mllm.extend(&text(&mllm, &[7, 8]), &mut cache).unwrap();
    cache.truncate(ids.len());
    mllm.extend(&text(&mllm, &[9; 40]), &mut cache).unwrap();
    cache.truncate(ids.len());
    assert_same(mllm.extend(&text(&mllm, &[7, 8]), &mut cache).unwrap(), expected);
    cache.truncate(0);
    let alone = mllm.hidden(&text(&mllm, &[7, 8]));
    assert_same(mllm.extend(&text(&mllm, &[7, 8]), &mut cache).unwrap(), alone);
}

#[test]
fn a_padded_batch_is_as_its_sequences() {
    let mllm = mllm();
    let (ids, image) = with_image();
    let sequences = [
        Input::with_images(&mllm, &ids, &[image], FloatDType::F32).unwrap(),
        text(&mllm, &[9]),
        text(&mllm, &[5, 6, 7, 8]),
    ];
    let batch = Input::left_padded(&mllm, sequences.to_vec(), PAD).unwrap();
    let mut cache = KvCache::default();
    let prompt = mllm.extend(&batch, &mut cache).unwrap();
    let next = Input::next_tokens(&mllm, &[11, 12, 13], FloatDType::F32).unwrap();
    let continued = mllm.extend(&next, &mut cache).unwrap();
    for (row, (sequence, id)) in sequences.iter().zip([11, 12, 13]).enumerate() {
        let length = sequence.seq();
        let mut alone = KvCache::default();
        let expected = mllm.extend(sequence, &mut alone).unwrap();
        let found = prompt.clone().narrow(0, row, 1).narrow(1, ids.len() - length, length);
        assert_same(found, expected);
        let expected = mllm.extend(&text(&mllm, &[id]), &mut alone).unwrap();
        assert_same(continued.clone().narrow(0, row, 1), expected);
    }
}

#[test]
fn room_grows_seldom_and_as_far_as_reserved() {
    let mllm = mllm();
    let mut cache = KvCache::default();
    let mut capacities = Vec::new();
    for _ in 0..600 {
        mllm.extend(&text(&mllm, &[1]), &mut cache).unwrap();
        capacities.push(cache.capacity());
    }
    capacities.dedup();
    assert_eq!(capacities, [256, 512, 1024]);
    for _ in 0..3 {
        cache.truncate(0);
        mllm.extend(&text(&mllm, &[1; 600]), &mut cache).unwrap();
        assert_eq!(cache.capacity(), 1024, "what was forgotten leaves its room");
    }
    let mut reserved = KvCache::default();
    reserved.reserve(600);
    mllm.extend(&text(&mllm, &[1]), &mut reserved).unwrap();
    assert_eq!((reserved.tokens(), reserved.capacity()), (1, 600));
}

#[test]
fn what_is_too_long_is_refused_and_nothing_is_read() {
    let mllm = mllm();
    let mut cache = KvCache::default();
    mllm.extend(&text(&mllm, &[1; 690]), &mut cache).unwrap();
    let error = mllm.extend(&text(&mllm, &[1; 11]), &mut cache).unwrap_err();
    assert_eq!(error, InputError::Length { tokens: 701, most: 700 });
    assert_eq!(cache.tokens(), 690);
    mllm.extend(&text(&mllm, &[1; 10]), &mut cache).unwrap();
}

#[test]
fn a_sequence_that_has_ended_stays_so() {
    let greedy = || Sampler::new(Sampling::greedy(), 0);
    let mut decoder = Decoder::new(vec![greedy(), greedy()], vec![2]);
    let one_hot = |best: [usize; 2]| {
        let mut logits = [[0.0f32; 4]; 2];
        logits.iter_mut().zip(best).for_each(|(row, best)| row[best] = 1.0);
        Tensor::<2>::from_data(logits, &Device::flex())
    };
    assert_eq!(decoder.choose(one_hot([1, 2])).unwrap(), [Next::Token(1), Next::Stop(2)]);
    assert_eq!(decoder.choose(one_hot([3, 1])).unwrap(), [Next::Token(3), Next::Over]);
    assert!(!decoder.is_over());
    assert_eq!(decoder.choose(one_hot([2, 2])).unwrap(), [Next::Stop(2), Next::Over]);
    assert!(decoder.is_over());
    assert!(Decoder::new(vec![greedy()], vec![]).choose(one_hot([0, 0]).narrow(0, 0, 1) * f32::NAN).is_err());
}
