//! Omni-RoPE's cosines and sines.

use burn::prelude::*;
use omnigen2_rope::{Frequencies, Grid, OmniLayout, Position};

use crate::golden::{Golden, Outcome, Score, device};

/// The reference computes angles in F64 and rounds once, as we do.
const TOLERANCE: f64 = 2e-5;

pub fn run(case: &Golden) -> Outcome {
    let device = device();
    let theta = case.setting::<f64>("theta").ok_or("no theta")?;
    let dims = case.setting::<[usize; 3]>("axes_dim").ok_or("no axes_dim")?;
    let patch = case.setting::<usize>("patch_size").ok_or("no patch_size")?;
    let frequencies = Frequencies::omni(theta, dims);
    let layouts = layouts(case, patch)?;
    let joint_lengths: Vec<usize> = case.setting("joint_lengths").ok_or("no joint_lengths")?;
    let lengths: Vec<usize> = layouts.iter().map(|l| l.joint().len()).collect();
    let mut score = Score::within(TOLERANCE).exact("lengths", &lengths, &joint_lengths)?;
    for (part, places) in [
        ("text", OmniLayout::text as fn(&OmniLayout) -> Vec<Position>),
        ("reference", |l| (0..l.references.len()).flat_map(|i| l.reference(i)).collect()),
        ("image", OmniLayout::target),
        ("joint", OmniLayout::joint),
    ] {
        for table in ["cos", "sin"] {
            let name = format!("out.{part}.{table}");
            let expected = case.tensor::<3>(&name, &device);
            let [_, seq, angles] = expected.dims();
            if seq == 0 {
                continue;
            }
            let rows = layouts.iter().map(|layout| {
                let places = places(layout);
                if places.is_empty() {
                    return Tensor::zeros([seq, angles], &device);
                }
                let rotation = frequencies.rotation(&places, &device);
                let rows = if table == "cos" { rotation.cos() } else { rotation.sin() };
                let rows = rows.squeeze_dim::<2>(0);
                let beyond = Tensor::zeros([seq - places.len(), angles], &device) + padding(part, table);
                Tensor::cat(vec![rows, beyond], 0)
            });
            score = score.compare(&name, &Tensor::stack(rows.collect(), 0), &expected)?;
        }
    }
    Ok(score)
}

/// Beyond a row's own length the joint table holds the rotation of place 0, the others hold nothing.
fn padding(part: &str, table: &str) -> f64 {
    if (part, table) == ("joint", "cos") { 1.0 } else { 0.0 }
}

fn layouts(case: &Golden, patch: usize) -> Result<Vec<OmniLayout>, String> {
    let texts: Vec<usize> = case.setting("text_lengths").ok_or("no text_lengths")?;
    let targets: Vec<[usize; 2]> = case.setting("latent_sizes").ok_or("no latent_sizes")?;
    let references: Vec<Option<Vec<[usize; 2]>>> =
        case.setting("reference_latent_sizes").ok_or("no reference_latent_sizes")?;
    let grid = |[rows, columns]: [usize; 2]| Grid::new(rows / patch, columns / patch);
    let rows = texts.into_iter().zip(targets).zip(references);
    Ok(rows
        .map(|((text, target), references)| OmniLayout {
            text,
            references: references.unwrap_or_default().into_iter().map(grid).collect(),
            target: grid(target),
        })
        .collect())
}
