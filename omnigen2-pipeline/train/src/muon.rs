use std::collections::BTreeMap;

use burn::module::Module;
use burn::prelude::*;
use rayon::prelude::*;

use super::gradients::Gradients;
use omnigen2_pipeline::weights::{Parameter, inventory};

/// The coefficients of the quintic that brings singular values near 1, and how often it is applied (K. Jordan, "Muon: An
/// optimizer for hidden layers in neural networks", 2024).
const QUINTIC: [f64; 3] = [3.4445, -4.7750, 2.0315];
const ITERATIONS: usize = 5;
/// The root mean square of a step, so that one learning rate suits these matrices and AdamW (arXiv 2502.16982, 2.2).
const ROOT_MEAN_SQUARE: f64 = 0.2;
/// Keeps a gradient of nothing from being divided by 0.
const LEAST_NORM: f64 = 1e-7;
/// The end of the names of maps from the time, whose rows are scales and gates rather than one map.
const MODULATION: &str = "norm1.linear.weight";

/// The matrices inside the blocks of a module that have gradients, by their paths.
pub(super) fn matrices<M: Module>(module: &M, gradients: &Gradients) -> BTreeMap<String, [usize; 2]> {
    let hidden = |Parameter { path, shape }: Parameter| {
        let in_block = path.split('.').any(|part| part.parse::<usize>().is_ok());
        let learns = in_block && !path.ends_with(MODULATION) && gradients.get(&path).is_some();
        Some((path, shape.try_into().ok()?)).filter(|_| learns)
    };
    inventory(module).into_iter().filter_map(hidden).collect()
}

/// A matrix, the running mean of its gradient, and its gradient.
pub(super) struct Pending {
    pub(super) path: String,
    pub(super) shape: [usize; 2],
    pub(super) mean: Tensor<1>,
    pub(super) gradient: Tensor<1>,
}

/// The next mean and the step of a matrix, for a learning rate of 1.
pub(super) struct Turned {
    pub(super) path: String,
    pub(super) mean: Tensor<1>,
    pub(super) step: Tensor<1>,
}

/// The steps of matrices: Nesterov's momentum, made orthogonal. They are independent, and small.
pub(super) fn turned(pending: Vec<Pending>, momentum: f64) -> Vec<Turned> {
    let turn = |Pending { path, shape, mean, gradient }: Pending| {
        let mean = mean * momentum + gradient.clone() * (1.0 - momentum);
        let ahead = gradient * (1.0 - momentum) + mean.clone() * momentum;
        let scale = ROOT_MEAN_SQUARE * (shape[0].max(shape[1]) as f64).sqrt();
        let step = orthogonal(ahead.reshape(shape)) * scale;
        Turned { path, mean, step: step.reshape([shape[0] * shape[1]]) }
    };
    pending.into_par_iter().map(turn).collect()
}

/// About the nearest matrix of orthonormal rows or columns, by Newton and Schulz.
fn orthogonal(matrix: Tensor<2>) -> Tensor<2> {
    let [rows, columns] = matrix.dims();
    let is_tall = rows > columns;
    let x = if is_tall { matrix.transpose() } else { matrix };
    let norm = x.clone().square().sum().sqrt() + LEAST_NORM;
    let mut x = x / norm.reshape([1, 1]);
    let [a, b, c] = QUINTIC;
    for _ in 0..ITERATIONS {
        let square = x.clone().matmul(x.clone().transpose());
        let series = square.clone() * b + square.clone().matmul(square) * c;
        x = x.clone() * a + series.matmul(x);
    }
    if is_tall { x.transpose() } else { x }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Distribution;

    use super::*;

    /// The quintic leaves singular values between about 0.7 and 1.2.
    const SPREAD: f32 = 0.55;

    #[test]
    fn rows_or_columns_become_orthonormal() {
        let device = Device::flex();
        for shape in [[12, 12], [8, 24], [24, 8]] {
            let x = orthogonal(Tensor::random(shape, Distribution::Normal(0.0, 3.0), &device));
            assert_eq!(x.dims(), shape);
            let square = if shape[0] > shape[1] {
                x.clone().transpose().matmul(x)
            } else {
                x.clone().matmul(x.transpose())
            };
            let far = (square - Tensor::eye(shape[0].min(shape[1]), &device)).abs().max();
            assert!(far.into_scalar::<f32>() < SPREAD, "{shape:?}");
        }
    }

    #[test]
    fn no_gradient_is_no_step() {
        let zeros = orthogonal(Tensor::zeros([3, 5], &Device::flex()));
        assert_eq!(zeros.abs().max().into_scalar::<f32>(), 0.0);
    }
}
