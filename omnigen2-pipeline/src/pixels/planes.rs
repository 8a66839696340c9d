use burn::prelude::*;
use burn::tensor::DType;
use image::{Rgb, RgbImage};

use super::resample::{Filter, resize};
use super::{PixelError, ReferenceLimits, Size, VisionLimits, vae_size, vit_size};

/// A picture of floats on the host, one plane a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct Planes {
    /// `[channels, height, width]`, row by row.
    values: Vec<f32>,
    channels: usize,
    size: Size,
}

impl Planes {
    /// A picture from its values, `[channels, height, width]`, row by row.
    ///
    /// # Panics
    /// If there are not as many values as that.
    pub fn new(values: Vec<f32>, channels: usize, size: Size) -> Self {
        let expected = channels as u64 * size.pixels();
        assert_eq!(values.len() as u64, expected, "values of {channels} planes of {size} pixels");
        Self { values, channels, size }
    }

    /// The values, `[channels, height, width]`, row by row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The number of planes.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The sides of a plane.
    pub fn size(&self) -> Size {
        self.size
    }

    /// The picture on a device.
    ///
    /// # Shapes
    /// - output: `[channels, height, width]`, in F32
    pub fn into_tensor(self, device: &Device) -> Tensor<3> {
        let shape = [self.channels, self.size.height as usize, self.size.width as usize];
        Tensor::from_data(TensorData::new(self.values, shape), (device, DType::F32))
    }

    /// The picture in another size, each value mixed from its four neighbours without antialiasing, as
    /// PyTorch's `interpolate` does in mode `bilinear` with `align_corners` off.
    ///
    /// # Panics
    /// If the picture has no pixels.
    pub fn resize_bilinear(&self, size: Size) -> Self {
        assert!(self.size.pixels() > 0, "a picture without pixels cannot be resized");
        let columns = neighbours(self.size.width, size.width);
        let rows = neighbours(self.size.height, size.height);
        let (row, plane) = (self.size.width as usize, self.size.pixels() as usize);
        let mut values = Vec::with_capacity(self.channels * size.pixels() as usize);
        for plane in self.values.chunks_exact(plane) {
            for y in &rows {
                let (above, below) = (&plane[y.first * row..][..row], &plane[y.second * row..][..row]);
                values.extend(columns.iter().map(|x| y.mix(x.pick(above), x.pick(below))));
            }
        }
        Self::new(values, self.channels, size)
    }

    /// The picture of a decoded one: `[-1, 1]` to bytes, clamped, halves rounded to even.
    ///
    /// # Panics
    /// If there are not three channels.
    pub fn to_image(&self) -> RgbImage {
        assert_eq!(self.channels, 3, "a picture has three channels");
        let (red, rest) = self.values.split_at(self.values.len() / 3);
        let (green, blue) = rest.split_at(rest.len() / 2);
        let byte = |value: f32| ((value / 2.0 + 0.5).clamp(0.0, 1.0) * 255.0).round_ties_even() as u8;
        let mut image = RgbImage::new(self.size.width, self.size.height);
        for (i, pixel) in image.pixels_mut().enumerate() {
            *pixel = Rgb([red[i], green[i], blue[i]].map(byte));
        }
        image
    }
}

/// A reference image as the VAE reads it: three planes in `[-1, 1]`, its sides those of [`vae_size`].
///
/// # Errors
/// If the image is too small.
pub fn for_vae(image: &RgbImage, limits: &ReferenceLimits) -> Result<Planes, PixelError> {
    let size = vae_size(size_of(image), limits)?;
    Ok(planes(&resize(image, size, Filter::Lanczos), |byte| 2.0 * (f32::from(byte) / 255.0) - 1.0))
}

/// An image as the vision tower's patches are cut from: three planes in `[0, 1]`, its sides those of
/// [`vit_size`].
///
/// # Errors
/// If the image is too small or too narrow.
pub fn for_vit(image: &RgbImage, limits: &VisionLimits) -> Result<Planes, PixelError> {
    let size = vit_size(size_of(image), limits)?;
    Ok(planes(&resize(image, size, Filter::Bicubic), |byte| f32::from(byte) / 255.0))
}

fn size_of(image: &RgbImage) -> Size {
    Size::new(image.width(), image.height())
}

fn planes(image: &RgbImage, value: impl Fn(u8) -> f32) -> Planes {
    let plane = |channel: usize| image.pixels().map(move |pixel| pixel.0[channel]);
    Planes::new((0..3).flat_map(plane).map(value).collect(), 3, size_of(image))
}

/// The two values between which one of the result lies.
struct Neighbours {
    first: usize,
    second: usize,
    /// The distance from the first to the second.
    toward: f32,
}

impl Neighbours {
    fn pick(&self, values: &[f32]) -> f32 {
        self.mix(values[self.first], values[self.second])
    }

    fn mix(&self, first: f32, second: f32) -> f32 {
        (1.0 - self.toward) * first + self.toward * second
    }
}

fn neighbours(from: u32, to: u32) -> Vec<Neighbours> {
    let scale = from as f32 / to as f32;
    let last = from as usize - 1;
    let neighbours = |place| {
        let source = (scale * (place as f32 + 0.5) - 0.5).max(0.0);
        let first = (source as usize).min(last);
        Neighbours { first, second: (first + 1).min(last), toward: source - first as f32 }
    };
    (0..to).map(neighbours).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(values: &[f32], width: u32) -> Planes {
        Planes::new(values.to_vec(), 1, Size::new(width, values.len() as u32 / width))
    }

    #[test]
    fn bilinear_enlarges_as_pytorch_documents() {
        let enlarged = plane(&[1.0, 2.0, 3.0, 4.0], 2).resize_bilinear(Size::new(4, 4));
        let expected =
            [[1.0, 1.25, 1.75, 2.0], [1.5, 1.75, 2.25, 2.5], [2.5, 2.75, 3.25, 3.5], [3.0, 3.25, 3.75, 4.0]];
        assert_eq!(enlarged.values(), expected.as_flattened());
    }

    #[test]
    fn bilinear_shrinks_without_antialiasing() {
        let values: Vec<f32> = (0..8).map(|i| (i * i) as f32).collect();
        let shrunk = plane(&values, 8).resize_bilinear(Size::new(2, 1));
        assert_eq!(shrunk.values(), [2.5, 30.5]);
    }

    #[test]
    fn bilinear_to_the_same_size_changes_nothing() {
        let picture = Planes::new((0..90).map(|i| i as f32 / 7.0).collect(), 3, Size::new(6, 5));
        assert_eq!(picture.resize_bilinear(Size::new(6, 5)), picture);
    }

    #[test]
    fn decoded_values_are_clamped_and_halves_rounded_to_even() {
        let half = |step: f32| (step / 255.0 - 0.5) * 2.0;
        let red = [-1.5, half(127.5), 3.0];
        let values = [red, [0.0; 3], [1.0; 3]].concat();
        let image = Planes::new(values, 3, Size::new(3, 1)).to_image();
        let found: Vec<[u8; 3]> = image.pixels().map(|p| p.0).collect();
        assert_eq!(found, [[0, 128, 255], [128, 128, 255], [255, 128, 255]]);
    }

    #[test]
    fn bytes_survive_the_way_to_floats_and_back() {
        let image = RgbImage::from_fn(16, 16, |x, y| Rgb([(16 * y + x) as u8, x as u8, 255 - y as u8]));
        let planes = for_vae(&image, &ReferenceLimits::default()).unwrap();
        assert_eq!(planes.size(), Size::new(16, 16));
        assert_eq!(planes.to_image(), image);
    }

    #[test]
    fn a_tensor_has_the_axes_of_the_planes() {
        let image = RgbImage::from_fn(84, 56, |x, y| Rgb([x as u8, y as u8, 0]));
        let tensor = for_vit(&image, &VisionLimits::default()).unwrap().into_tensor(&Device::flex());
        assert_eq!(tensor.dims(), [3, 56, 84]);
        let values: Vec<f32> = tensor.into_data().try_into_vec().unwrap();
        assert_eq!(values[2 * 84 + 5], 5.0 / 255.0);
        assert_eq!(values[56 * 84 + 2 * 84 + 5], 2.0 / 255.0);
    }

    #[test]
    #[should_panic(expected = "values of 3 planes of 2x2 pixels")]
    fn a_wrong_number_of_values_is_refused() {
        Planes::new(vec![0.0; 11], 3, Size::new(2, 2));
    }
}
