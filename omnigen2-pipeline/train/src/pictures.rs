use std::io::{self, Cursor};
use std::path::Path;

use burn::prelude::*;
use burn::tensor::DType;
use image::{ImageFormat, RgbImage};

use super::error::TrainError;
use super::state::file;
use omnigen2_pipeline::files::replace;

/// How much neighbouring pixels differ beside an edge.
const EDGE: f64 = 0.1;

/// Pictures of one size in [−1, 1]: `[batch, 3, height, width]`.
pub(super) fn planes(pictures: &[&RgbImage], device: &Device) -> Tensor<4> {
    let (width, height) = pictures.first().map_or((0, 0), |picture| picture.dimensions());
    let mut values = Vec::with_capacity(pictures.len() * 3 * (width * height) as usize);
    for picture in pictures {
        for channel in 0..3 {
            values.extend(picture.pixels().map(|pixel| f32::from(pixel.0[channel]) / 127.5 - 1.0));
        }
    }
    let shape = [pictures.len(), 3, height as usize, width as usize];
    Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
}

/// 1 beside an edge, 0 elsewhere: `[batch, 1, height, width]`.
pub(super) fn edges(images: Tensor<4>) -> Tensor<4> {
    let images = images.inner();
    let [_, _, height, width] = images.dims();
    let right = images.clone().narrow(3, 1, width - 1) - images.clone().narrow(3, 0, width - 1);
    let down = images.clone().narrow(2, 1, height - 1) - images.narrow(2, 0, height - 1);
    let [right, down] = [right, down].map(|change| change.abs().max_dim(1).greater_elem(EDGE).float());
    let beside = right.clone().pad((0, 1, 0, 0), 0.0)
        + right.pad((1, 0, 0, 0), 0.0)
        + down.clone().pad((0, 0, 0, 1), 0.0)
        + down.pad((0, 0, 1, 0), 0.0);
    beside.clamp(0.0, 1.0).autodiff()
}

/// Writes a picture, whole or not at all.
pub(super) fn write_png(path: &Path, picture: &RgbImage) -> Result<(), TrainError> {
    let mut png = Cursor::new(Vec::new());
    let encoded = picture.write_to(&mut png, ImageFormat::Png).map_err(io::Error::other);
    encoded.and_then(|()| replace(path, png.get_ref())).map_err(|source| file("write", path, source))
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn both_sides_of_an_edge_count() {
        let picture = RgbImage::from_fn(4, 2, |x, _| Rgb([if x < 2 { 0 } else { 255 }; 3]));
        let images = planes(&[&picture], &Device::flex());
        let edges = edges(images.autodiff()).inner().into_data().try_into_vec::<f32>().unwrap();
        assert_eq!(edges, [0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    }
}
