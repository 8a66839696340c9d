use burn::module::Param;
use burn::nn::Initializer;
use burn::prelude::*;
use omnigen2_rope::Grid;
use omnigen2_rope::ops::project;

use crate::config::VitConfig;

/// The mean of each colour channel over the images that CLIP was trained on (arXiv 2103.00020).
pub const MEAN: [f32; 3] = [0.48145466, 0.4578275, 0.40821073];
/// The standard deviation of each colour channel over the same images.
pub const STD: [f32; 3] = [0.26862954, 0.2613026, 0.2757771];

/// One image as the vision tower reads it.
#[derive(Clone, Debug)]
pub struct Patches {
    /// Normalised pixels, `[patches, channels · time · patch · patch]`, one merge block after another: for each
    /// block in row-major order, its patches row by row.
    pub values: Tensor<2>,
    /// The grid in which the patches lie in the image.
    pub grid: Grid,
}

impl VitConfig {
    /// Normalises an image and cuts it into patches; a still image is repeated to fill a patch's frames.
    ///
    /// # Shapes
    /// - image: `[channels, height, width]`, in `[0, 1]`
    ///
    /// # Panics
    /// If the image has not three channels, or a side is not a multiple of [`cell`](Self::cell).
    pub fn patches(&self, image: Tensor<3>) -> Patches {
        let [channels, height, width] = image.dims();
        assert_eq!(channels, MEAN.len(), "an image of {channels} channels, not of three");
        let cell = self.cell();
        assert!(
            height.is_multiple_of(cell) && width.is_multiple_of(cell),
            "an image of {width}×{height} pixels, whose sides are not multiples of {cell}"
        );
        let (patch, merge, time) = (self.patch_size, self.spatial_merge_size, self.temporal_patch_size);
        let grid = Grid::new(height / patch, width / patch);
        let blocks = grid.blocks(merge);
        let values = normalise(image)
            .reshape([channels, blocks.rows, merge, patch, blocks.columns, merge, patch])
            .permute([1, 4, 2, 5, 0, 3, 6])
            .reshape([grid.cells(), channels, 1, patch * patch])
            .expand([grid.cells(), channels, time, patch * patch])
            .reshape([grid.cells(), channels * time * patch * patch]);
        Patches { values, grid }
    }
}

fn normalise(image: Tensor<3>) -> Tensor<3> {
    let channelwise = |values: [f32; 3]| {
        let data = TensorData::new(values.to_vec(), [3, 1, 1]);
        Tensor::from_data(data, (&image.device(), image.dtype()))
    };
    let (mean, std) = (channelwise(MEAN), channelwise(STD));
    (image - mean) / std
}

/// The linear map from a patch's pixels to its first hidden state. Checkpoints hold it as a convolution whose
/// kernel equals its stride.
#[derive(Module, Debug)]
pub(crate) struct PatchEmbed {
    /// `[hidden, channels, time, patch, patch]`.
    weight: Param<Tensor<5>>,
}

impl PatchEmbed {
    pub(crate) fn new(config: &VitConfig, device: &Device) -> Self {
        let patch = config.patch_size;
        let shape = [config.hidden_size, config.in_channels, config.temporal_patch_size, patch, patch];
        let input = shape[1..].iter().product::<usize>();
        let bound = (input as f64).powf(-0.5);
        let uniform = Initializer::Uniform { min: -bound, max: bound };
        Self { weight: uniform.init_with(shape, Some(input), Some(config.hidden_size), device) }
    }

    /// `[batch, patches, pixels]` → `[batch, patches, hidden]`.
    pub(crate) fn forward(&self, values: Tensor<3>) -> Tensor<3> {
        let weight = self.weight.val();
        let [hidden, channels, time, rows, columns] = weight.dims();
        project(values, weight.reshape([hidden, channels * time * rows * columns]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Normalised values are of size 1 and pass through two roundings.
    const TOLERANCE: f32 = 1e-6;

    #[test]
    fn patches_are_read_block_by_block_and_hold_each_frame_of_each_channel() {
        let config = VitConfig { patch_size: 2, ..VitConfig::tiny() };
        let (height, width) = (4, 8);
        let pixel = |channel: usize, y: usize, x: usize| (channel * 100 + y * 10 + x) as f32 / 300.0;
        let pixels: Vec<f32> = (0..3 * height * width)
            .map(|i| pixel(i / (height * width), i / width % height, i % width))
            .collect();
        let image = Tensor::from_data(TensorData::new(pixels, [3, height, width]), &Device::flex());
        let patches = config.patches(image);
        assert_eq!(patches.grid, Grid::new(2, 4));
        assert_eq!(patches.values.dims(), [8, 3 * 2 * 4]);

        let corners = [[0, 0], [0, 2], [2, 0], [2, 2], [0, 4], [0, 6], [2, 4], [2, 6]];
        let expected = corners.iter().flat_map(|&[top, left]| {
            (0..24).map(move |i| {
                let (channel, y, x) = (i / 8, i / 2 % 2, i % 2);
                (pixel(channel, top + y, left + x) - MEAN[channel]) / STD[channel]
            })
        });
        let found: Vec<f32> = patches.values.into_data().try_into_vec().unwrap();
        assert!(found.into_iter().zip(expected).all(|(a, b)| (a - b).abs() <= TOLERANCE));
    }
}
