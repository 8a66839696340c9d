use burn::prelude::*;
use burn::tensor::DType;
use burn::tensor::activation::silu;
use omnigen2_rope::Grid;
use omnigen2_rope::ops::{Linear, RmsNorm};

use crate::config::DitConfig;

/// Channels of the sinusoid that a time becomes: 128 cosines, then 128 sines.
const SINUSOID: usize = 256;

/// Embeds the time and the text.
#[derive(Module, Debug)]
pub struct TimeCaptionEmbed {
    timestep_embedder: TimestepEmbedder,
    caption_embedder: CaptionEmbedder,
}

impl TimeCaptionEmbed {
    pub(crate) fn new(config: &DitConfig, device: &Device) -> Self {
        let (time, width) = (config.time_width(), config.hidden_size);
        Self {
            timestep_embedder: TimestepEmbedder {
                linear_1: Linear::with_bias(SINUSOID, time, device),
                linear_2: Linear::with_bias(time, time, device),
                scale: config.timestep_scale,
            },
            caption_embedder: CaptionEmbedder {
                norm: RmsNorm::new(config.text_feat_dim, config.norm_eps, device),
                linear: Linear::with_bias(config.text_feat_dim, width, device),
            },
        }
    }

    /// The embeddings of times, each in [0, 1].
    ///
    /// # Shapes
    /// - output: `[times, time_width]`, in F32
    pub fn times(&self, times: &[f64], device: &Device) -> Tensor<2> {
        self.timestep_embedder.forward(times, device)
    }

    /// The tokens of text features.
    ///
    /// # Shapes
    /// - text: `[batch, seq, text_feat_dim]`
    /// - output: `[batch, seq, width]`
    pub fn caption(&self, text: Tensor<3>) -> Tensor<3> {
        self.caption_embedder.forward(text)
    }
}

/// Maps a time's sinusoid to its embedding.
#[derive(Module, Debug)]
pub struct TimestepEmbedder {
    linear_1: Linear,
    linear_2: Linear,
    scale: f64,
}

impl TimestepEmbedder {
    /// The embeddings of times.
    ///
    /// # Shapes
    /// - times: one in [0, 1] for each image
    /// - output: `[times, time_width]`, in F32
    pub fn forward(&self, times: &[f64], device: &Device) -> Tensor<2> {
        let values: Vec<f32> = times.iter().flat_map(|&t| sinusoid(t, self.scale)).collect();
        let data = TensorData::new(values, [times.len(), SINUSOID]);
        let sinusoid = Tensor::from_data(data, (device, DType::F32));
        self.linear_2.forward(silu(self.linear_1.forward(sinusoid)))
    }
}

/// The reference computes this in F32, and arguments reach 1000, where F64 would be visibly different.
fn sinusoid(t: f64, scale: f64) -> Vec<f32> {
    let half = SINUSOID / 2;
    let slope = -(10_000f64.ln()) as f32;
    let arguments = (0..half).map(|i| scale as f32 * (t as f32 * (slope * i as f32 / half as f32).exp()));
    let arguments: Vec<f32> = arguments.collect();
    arguments.iter().map(|a| a.cos()).chain(arguments.iter().map(|a| a.sin())).collect()
}

/// Maps text features to tokens.
#[derive(Module, Debug)]
pub struct CaptionEmbedder {
    norm: RmsNorm,
    linear: Linear,
}

impl CaptionEmbedder {
    fn forward(&self, text: Tensor<3>) -> Tensor<3> {
        self.linear.forward(self.norm.forward(text))
    }
}

/// Cuts a latent into patches, row by row; inside a patch the channel runs fastest.
///
/// # Shapes
/// - latent: `[batch, channels, rows · patch, columns · patch]`
/// - output: `[batch, rows · columns, patch² · channels]`
pub(crate) fn patchify(latent: Tensor<4>, patch: usize) -> Tensor<3> {
    let [batch, channels, height, width] = latent.dims();
    let (rows, columns) = (height / patch, width / patch);
    latent.reshape([batch, channels, rows, patch, columns, patch]).permute([0, 2, 4, 3, 5, 1]).reshape([
        batch,
        rows * columns,
        patch * patch * channels,
    ])
}

/// Undoes [`patchify`] for a grid of patches.
pub(crate) fn unpatchify(tokens: Tensor<3>, grid: Grid, patch: usize) -> Tensor<4> {
    let [batch, _, width] = tokens.dims();
    let channels = width / (patch * patch);
    let Grid { rows, columns } = grid;
    tokens.reshape([batch, rows, columns, patch, patch, channels]).permute([0, 5, 1, 3, 2, 4]).reshape([
        batch,
        channels,
        rows * patch,
        columns * patch,
    ])
}
