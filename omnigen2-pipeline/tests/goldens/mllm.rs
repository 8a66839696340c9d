//! Hidden states and logits of the language model, features of the vision tower, and what joins them.

use burn::prelude::*;
use burn::tensor::FloatDType;
use omnigen2_mllm::{ImageFeatures, Input, Mllm};
use omnigen2_rope::{Grid, MropePositions};
use omnigen2_vit::{Patches, Vit, VitConfig};

use crate::checkpoint::{Checkpoint, causes};
use crate::full;
use crate::golden::{Golden, Outcome, Score, device};
use crate::greedy::{self, Greedy};

/// F32 sums of values of size 1, ordered otherwise than PyTorch's.
const TOLERANCE: f64 = 1e-4;

pub fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    if case.has("in.pixel_values") {
        vision(case, checkpoint)
    } else if case.has("out.ids") {
        greedy::run(case, checkpoint)
    } else if case.has("in.mask") {
        batch(case, &checkpoint.mllm()?)
    } else {
        text(case, &checkpoint.mllm()?, TOLERANCE)
    }
}

/// The language model at the published size.
pub fn run_full(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    text(case, &checkpoint.mllm()?, full::TOLERANCE)
}

/// The vision tower at the published size.
pub fn run_full_vit(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    let features = Tensor::cat(features(case, &checkpoint.vit()?), 0);
    let expected = case.tensor::<2>("out.features", &device());
    Score::within(full::TOLERANCE).compare("features", &features, &expected)
}

fn text(case: &Golden, mllm: &Mllm, tolerance: f64) -> Outcome {
    let input = Input::text(mllm, &ids(case), FloatDType::F32).map_err(causes)?;
    compare(Score::within(tolerance), case, mllm, &input)
}

/// Each row by itself: padding changes nothing of a row.
fn batch(case: &Golden, mllm: &Mllm) -> Outcome {
    let expected = case.tensor::<3>("out.hidden", &device());
    let [_, seq, _] = expected.dims();
    let (ids, mask) = (ids(case), case.ints("in.mask"));
    let mut score = Score::within(TOLERANCE);
    for (row, (ids, mask)) in ids.chunks(seq).zip(mask.chunks(seq)).enumerate() {
        let start = mask.iter().take_while(|&&real| real == 0).count();
        let length = mask.iter().filter(|&&real| real != 0).count();
        let ids = &ids[start..start + length];
        let input = Input::text(mllm, ids, FloatDType::F32).map_err(causes)?;
        let expected = expected.clone().narrow(0, row, 1).narrow(1, start, length);
        score = score.compare(&format!("row {row}"), &mllm.hidden(&input), &expected)?;
    }
    Ok(score)
}

/// Images through both networks, and what the language model says of them.
fn vision(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    let config = checkpoint.files()?.vit_config().map_err(causes)?;
    let features = features(case, &checkpoint.vit()?);
    let mut score = windows(case, &config)?.compare(
        "features",
        &Tensor::cat(features.clone(), 0),
        &case.tensor("out.features", &device()),
    )?;
    let grids = grids(case).into_iter().map(|grid| grid.blocks(config.spatial_merge_size));
    let images = features.into_iter().zip(grids).map(|(values, grid)| ImageFeatures { values, grid });
    let images: Vec<ImageFeatures> = images.collect();
    let mllm = checkpoint.mllm()?;
    let input = Input::with_images(&mllm, &ids(case), &images, FloatDType::F32).map_err(causes)?;
    score = places(score, case, &input.places[0])?;
    score = compare(score, case, &mllm, &input)?;
    let expected = case.ints("out.greedy_ids");
    let greedy = Greedy::new(&mllm, checkpoint, &[&ids(case)])?;
    score.exact("greedy ids", &greedy.reply(&input, expected.len())?.concat(), &expected)
}

fn compare(score: Score, case: &Golden, mllm: &Mllm, input: &Input) -> Outcome {
    let device = device();
    let hidden = mllm.hidden(input);
    let score = score.compare("hidden", &hidden, &case.tensor("out.hidden", &device))?;
    if case.has("out.logits") {
        return score.compare("logits", &mllm.logits(hidden), &case.tensor("out.logits", &device));
    }
    let last = hidden.dims()[1] - 1;
    let logits = mllm.logits(hidden.narrow(1, last, 1)).squeeze_dim::<2>(1);
    score.compare("logits_last", &logits, &case.tensor("out.logits_last", &device))
}

/// The features of each image, read from the patches of all.
fn features(case: &Golden, vit: &Vit) -> Vec<Tensor<2>> {
    let values = case.tensor::<2>("in.pixel_values", &device());
    let images = grids(case).into_iter().scan(0, |end, grid| {
        *end += grid.cells();
        let values = values.clone().narrow(0, *end - grid.cells(), grid.cells());
        Some(vit.forward(&Patches { values, grid }))
    });
    images.collect()
}

/// The windows of all images, in the reference's order.
fn windows(case: &Golden, config: &VitConfig) -> Outcome {
    let patches_per_token = config.spatial_merge_size * config.spatial_merge_size;
    let (mut order, mut ends) = (Vec::new(), vec![0]);
    for grid in grids(case) {
        let (layout, start) = (config.windows(grid), order.len());
        for length in layout.lengths {
            ends.push(ends[ends.len() - 1] + (length * patches_per_token) as i32);
        }
        order.extend(layout.order.into_iter().map(|token| (start + token) as i32));
    }
    // The reference counts empty windows beyond the edge and drops them before attending.
    let mut expected = case.ints("tap.window_cu_seqlens");
    expected.dedup();
    let score = Score::within(TOLERANCE).exact("window index", &order, &case.ints("tap.window_index"))?;
    score.exact("window lengths", &ends, &expected)
}

fn places(score: Score, case: &Golden, found: &MropePositions) -> Outcome {
    let axis = |axis: usize| found.positions.iter().map(move |place| place.0[axis] as i32);
    let positions: Vec<i32> = (0..3).flat_map(axis).collect();
    score.exact("positions", &positions, &case.ints("out.position_ids"))?.exact(
        "delta",
        &vec![found.delta() as i32],
        &case.ints("out.rope_delta"),
    )
}

pub fn ids(case: &Golden) -> Vec<u32> {
    case.ints("in.ids").into_iter().map(i32::cast_unsigned).collect()
}

/// The images' patch grids.
fn grids(case: &Golden) -> Vec<Grid> {
    let rows = case.ints("in.grid_thw");
    let (rows, _) = rows.as_chunks::<3>();
    rows.iter().map(|&[_, rows, columns]| Grid::new(rows as usize, columns as usize)).collect()
}
