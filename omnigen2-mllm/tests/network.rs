//! What must hold of the network whatever its weights.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use burn::module::{ModuleMapper, Param};
use burn::prelude::*;
use burn::tensor::{DType, FloatDType, Tolerance};
use omnigen2_mllm::{ImageFeatures, Input, InputError, Mllm, MllmConfig};
use omnigen2_rope::{Grid, Position};

const IMAGE: u32 = 30;

/// Sums of a few dozen numbers of size 1 in another order.
const REORDERED: f32 = 1e-5;
/// BF16 keeps 8 bits, and a handful of roundings meet.
const BF16: f32 = 6e-2;

fn config() -> MllmConfig {
    MllmConfig { vocab_size: 32, max_position_embeddings: 64, image_token_id: IMAGE, ..MllmConfig::tiny() }
}

fn image(rows: usize, columns: usize) -> ImageFeatures {
    let grid = Grid::new(rows, columns);
    let values = Tensor::<1, Int>::arange(0..grid.cells() as i64 * 32, &Device::flex()).float().sin();
    ImageFeatures { values: values.reshape([grid.cells(), 32]), grid }
}

fn read(mllm: &Mllm, ids: &[u32]) -> Tensor<3> {
    mllm.hidden(&Input::text(mllm, ids, FloatDType::F32).unwrap())
}

#[test]
fn later_tokens_change_nothing_before_them() {
    let mllm = config().init(&Device::flex());
    let long = read(&mllm, &[1, 2, 3, 4, 5]);
    let short = read(&mllm, &[1, 2, 3]);
    let tolerance = Tolerance::<f32>::absolute(REORDERED);
    long.narrow(1, 0, 3).into_data().assert_approx_eq(&short.into_data(), tolerance);
}

#[test]
fn image_features_take_the_places_of_image_tokens() {
    let mllm = config().init(&Device::flex());
    let ids = [1, IMAGE, IMAGE, IMAGE, IMAGE, 2, IMAGE, IMAGE, 3];
    let images = [image(2, 2), image(1, 2)];
    let input = Input::with_images(&mllm, &ids, &images, FloatDType::F32).unwrap();
    let part =
        |start, length| input.embeddings.clone().narrow(1, start, length).squeeze_dim::<2>(0).into_data();
    assert_eq!(part(1, 4), images[0].values.to_data());
    assert_eq!(part(6, 2), images[1].values.to_data());
    let text = mllm.embed(&[2], FloatDType::F32).unwrap().squeeze_dim::<2>(0);
    assert_eq!(part(5, 1), text.into_data());
    assert_eq!(input.places[0].positions[4], Position([1, 2, 2]));
    assert_eq!(input.places[0].delta(), -2);
}

#[test]
fn images_may_stand_without_text_between_them() {
    let mllm = config().init(&Device::flex());
    let images = [image(1, 2), image(1, 1)];
    let input = Input::with_images(&mllm, &[IMAGE; 3], &images, FloatDType::F32).unwrap();
    assert_eq!(input.places[0].positions[2], Position([2, 2, 2]));
}

#[test]
fn untied_logits_have_their_own_matrix() {
    let config = MllmConfig { tie_word_embeddings: false, ..config() };
    let mllm = config.init(&Device::flex());
    let hidden = read(&mllm, &[1, 2]);
    let tied = hidden.clone().squeeze_dim::<2>(0).matmul(embeddings(&mllm).transpose());
    let logits = mllm.logits(hidden);
    assert_eq!(logits.dims(), [1, 2, 32]);
    assert_ne!(logits.squeeze_dim::<2>(0).into_data(), tied.into_data());
}

fn embeddings(mllm: &Mllm) -> Tensor<2> {
    let all: Vec<u32> = (0..32).collect();
    mllm.embed(&all, FloatDType::F32).unwrap().squeeze_dim(0)
}

struct Cast(DType);

impl ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|weight| weight.cast(self.0))
    }
}

#[test]
fn weights_may_rest_in_another_type_than_the_network_computes_in() {
    let rounded = config().init(&Device::flex()).map(&mut Cast(DType::BF16));
    let widened = rounded.clone().map(&mut Cast(DType::F32));
    let expected = read(&widened, &[1, 2, 3]);
    let found = read(&rounded, &[1, 2, 3]).into_data();
    found.assert_approx_eq(&expected.to_data(), Tolerance::<f32>::absolute(REORDERED));

    let input = Input::text(&rounded, &[1, 2, 3], FloatDType::BF16).unwrap();
    let half = rounded.logits(rounded.hidden(&input));
    assert_eq!(half.dtype(), DType::BF16);
    let tolerance = Tolerance::<f32>::absolute(BF16);
    let logits = widened.logits(expected);
    half.cast(DType::F32).into_data().assert_approx_eq(&logits.into_data(), tolerance);
}

#[test]
fn inputs_that_do_not_match_are_refused() {
    let mllm = config().init(&Device::flex());
    let refused = |ids: &[u32], images: &[ImageFeatures]| {
        Input::with_images(&mllm, ids, images, FloatDType::F32).unwrap_err()
    };
    assert_eq!(refused(&[], &[]), InputError::Empty);
    assert_eq!(refused(&[1; 65], &[]), InputError::Length { tokens: 65, most: 64 });
    assert_eq!(refused(&[1, 32], &[]), InputError::Token { place: 1, id: 32, vocab: 32 });
    assert_eq!(refused(&[1, IMAGE], &[]), InputError::ImageTokens { expected: 0, found: 1 });
    assert_eq!(refused(&[1, IMAGE], &[image(1, 2)]), InputError::ImageTokens { expected: 2, found: 1 });
    assert_eq!(
        refused(&[IMAGE, 1, IMAGE, IMAGE], &[image(1, 2), image(1, 1)]),
        InputError::ImageRun { image: 1, expected: 2, found: 1 }
    );
    let narrow = ImageFeatures { values: Tensor::zeros([2, 31], &Device::flex()), grid: Grid::new(1, 2) };
    assert_eq!(
        refused(&[IMAGE, IMAGE], &[image(1, 2), narrow]),
        InputError::Features { image: 2, expected: [2, 32], found: [2, 31] }
    );
}
