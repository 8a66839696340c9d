//! The numbers that step caches read back from the device.

use burn::prelude::*;
use burn::tensor::DType;

/// The mean absolute difference over the mean absolute value before; none where the device fails.
pub(super) fn relative_change(now: &Tensor<3>, before: &Tensor<3>) -> Option<f64> {
    read((now.clone() - before.clone()).abs().mean() / before.clone().abs().mean())
}

/// The mean over tokens of how much longer they are than they were; none where the device fails.
pub(super) fn magnitude_ratio(now: &Tensor<3>, before: &Tensor<3>) -> Option<f64> {
    let magnitude = |x: &Tensor<3>| x.clone().cast(DType::F32).square().sum_dim(2).sqrt();
    read((magnitude(now) / magnitude(before)).mean())
}

fn read(number: Tensor<1>) -> Option<f64> {
    number.cast(DType::F32).try_into_scalar::<f32>().ok().map(f64::from)
}
