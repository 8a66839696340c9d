use std::cell::{Cell, LazyCell};

use burn::module::Param;
use burn::nn::Initializer;
use burn::prelude::*;
use omnigen2_rope::ops::Linear;
use omnigen2_rope::{Frequencies, Grid, OmniLayout, Position};

use crate::block::{ModulatedBlock, PlainBlock};
use crate::cache::{NoCache, StepCache};
use crate::canvas::{Canvas, Context, Reference, Step};
use crate::config::{DitConfig, MAX_REFERENCES};
use crate::embed::{TimeCaptionEmbed, patchify, unpatchify};
use crate::error::DitError;
use crate::flow::Moment;
use crate::layers::{self, Layers};
use crate::modulation::{Modulated, NormOut, activate};

/// The base of Omni-RoPE's frequencies.
const THETA: f64 = 10_000.0;

/// OmniGen2's diffusion transformer: from a noisy latent, a time, text and references to the velocity of the
/// latent (arXiv 2506.18871, section 3).
///
/// Its work is split by how often its inputs change: [`canvas`](Self::canvas) and
/// [`prepare`](Self::prepare) once for an image, [`at`](Self::at) once for a step, and
/// [`velocity`](Self::velocity) once for a step and guidance branch.
#[derive(Module, Debug)]
pub struct Dit {
    pub(crate) x_embedder: Linear,
    pub(crate) ref_image_patch_embedder: Linear,
    pub(crate) image_index_embedding: Param<Tensor<2>>,
    pub(crate) time_caption_embed: TimeCaptionEmbed,
    pub(crate) noise_refiner: Vec<ModulatedBlock>,
    pub(crate) ref_image_refiner: Vec<ModulatedBlock>,
    pub(crate) context_refiner: Vec<PlainBlock>,
    pub(crate) layers: Vec<ModulatedBlock>,
    pub(crate) norm_out: NormOut,
    #[module(skip)]
    pub(crate) config: DitConfig,
}

impl DitConfig {
    /// A network with random weights, none of which exists before it is asked for.
    ///
    /// # Panics
    /// If the configuration is not [valid](Self::validate).
    pub fn init(&self, device: &Device) -> Dit {
        let valid = self.validate();
        assert!(valid.is_ok(), "{valid:?}");
        let modulated = |n| (0..n).map(|_| ModulatedBlock::new(self, device)).collect();
        let plain = |n| (0..n).map(|_| PlainBlock::new(self, device)).collect();
        let index = Initializer::Normal { mean: 0.0, std: 0.02 };
        let index: Param<Tensor<2>> = index.init([MAX_REFERENCES, self.hidden_size], device);
        Dit {
            x_embedder: Linear::with_bias(self.patch_width(), self.hidden_size, device),
            ref_image_patch_embedder: Linear::with_bias(self.patch_width(), self.hidden_size, device),
            image_index_embedding: index,
            time_caption_embed: TimeCaptionEmbed::new(self, device),
            noise_refiner: modulated(self.num_refiner_layers),
            ref_image_refiner: modulated(self.num_refiner_layers),
            context_refiner: plain(self.num_refiner_layers),
            layers: modulated(self.num_layers),
            norm_out: NormOut::new(self, device),
            config: self.clone(),
        }
    }
}

impl Dit {
    /// The dimensions of the network.
    pub fn config(&self) -> &DitConfig {
        &self.config
    }

    /// Embeds the references and lays out an image of `size` latent pixels.
    ///
    /// # Shapes
    /// - references: `[batch or 1, in_channels, height, width]` each, any sizes
    ///
    /// # Errors
    /// More than [`MAX_REFERENCES`] references, a size that is not made of whole patches, or a reference of
    /// another number of channels.
    pub fn canvas(&self, size: Grid, references: &[Tensor<4>]) -> Result<Canvas, DitError> {
        if references.len() > MAX_REFERENCES {
            return Err(DitError::TooManyReferences { found: references.len(), limit: MAX_REFERENCES });
        }
        let target = self.patches(size)?;
        let device = self.image_index_embedding.lazy_device();
        let references = references.iter().enumerate().map(|(i, latent)| self.reference(i, latent.clone()));
        Ok(Canvas {
            target,
            rotation: self.frequencies().rotation(&origin(target), &device),
            references: references.collect::<Result<_, _>>()?,
        })
    }

    /// Refines the text of a guidance branch that sees the canvas's references.
    ///
    /// # Shapes
    /// - text: `[batch or 1, seq, text_feat_dim]`
    pub fn prepare(&self, text: Tensor<3>, canvas: &Canvas) -> Context {
        self.context(text, canvas, &canvas.references)
    }

    /// Refines the text of a guidance branch that sees no reference.
    ///
    /// # Shapes
    /// - text: `[batch or 1, seq, text_feat_dim]`
    pub fn prepare_without_references(&self, text: Tensor<3>, canvas: &Canvas) -> Context {
        self.context(text, canvas, &[])
    }

    /// Embeds the time and refines the latent and the references at it: at a moment of a schedule, or at a bare
    /// time from 0, noise, to 1, image.
    ///
    /// Refined tokens are the same in every branch: a refiner attends inside one image alone, whose tokens
    /// share their place on the first rotary axis, and a shared rotation cancels between queries and keys.
    ///
    /// # Shapes
    /// - latent: `[batch, in_channels, height, width]`, of the canvas's size
    ///
    /// # Panics
    /// If the latent is not of the canvas's size.
    pub fn at(&self, latent: Tensor<4>, at: impl Into<Moment>, canvas: &Canvas) -> Step {
        let moment = at.into();
        Step { moment, ..self.at_times(latent, &[moment.t], canvas) }
    }

    /// Embeds and refines as [`at`](Self::at), at a time of its own for every image of a batch, as in training.
    ///
    /// # Shapes
    /// - latent: `[times, in_channels, height, width]`, of the canvas's size
    ///
    /// # Panics
    /// If the latent is not of the canvas's size.
    pub fn at_times(&self, latent: Tensor<4>, times: &[f64], canvas: &Canvas) -> Step {
        let patch = self.config.patch_size;
        let [_, channels, height, width] = latent.dims();
        let expected = [self.config.in_channels, canvas.target.rows * patch, canvas.target.columns * patch];
        assert_eq!([channels, height, width], expected, "the latent is not of the canvas's size");
        let dtype = latent.dtype();
        let time = activate(self.time_caption_embed.times(times, &latent.device()).cast(dtype));
        let modulate = |blocks: &[ModulatedBlock]| -> Vec<Modulated> {
            blocks.iter().map(|block| block.modulate(time.clone())).collect()
        };
        let modulated = LazyCell::new(|| modulate(&self.ref_image_refiner));
        let refine = |reference: &Reference| {
            let tokens = reference.tokens.clone().cast(dtype);
            layers::run(&self.ref_image_refiner, &modulated, &reference.rotation, tokens)
        };
        let tokens = self.x_embedder.forward(patchify(latent, patch));
        let refiner = &self.noise_refiner;
        Step {
            moment: Moment::from(0.0),
            target: canvas.target,
            latent: layers::run(refiner, &modulate(refiner), &canvas.rotation, tokens),
            references: canvas.references.iter().map(refine).collect(),
            layers: modulate(&self.layers),
            output_scale: self.norm_out.modulate(time.clone()),
        }
    }

    /// The velocity `d(latent)/dt` of one guidance branch.
    ///
    /// # Shapes
    /// - output: `[batch, in_channels, height, width]`
    pub fn velocity(&self, step: &Step, context: &Context) -> Tensor<4> {
        self.velocity_cached(step, context, &mut NoCache)
    }

    /// The velocity of one guidance branch, whose layers `cache` may skip.
    ///
    /// # Shapes
    /// - output: `[batch, in_channels, height, width]`
    pub fn velocity_cached(&self, step: &Step, context: &Context, cache: &mut dyn StepCache) -> Tensor<4> {
        let joint = step.joint(context);
        let layers = Layers {
            blocks: &self.layers,
            modulated: &step.layers,
            rotation: &context.rotation,
            drawn: step.target.cells(),
            ran: &Cell::new(0),
        };
        let hidden = cache.run(&layers, joint, step.moment);
        let patches = self.norm_out.forward(layers.drawn(hidden), step.output_scale.clone());
        unpatchify(patches, step.target, self.config.patch_size)
    }

    fn context(&self, text: Tensor<3>, canvas: &Canvas, references: &[Reference]) -> Context {
        let device = text.device();
        let layout = OmniLayout {
            text: text.dims()[1],
            references: references.iter().map(|r| r.grid).collect(),
            target: canvas.target,
        };
        let rotation = self.frequencies().rotation(&layout.text(), &device);
        let text = self.time_caption_embed.caption(text);
        let refined = self.context_refiner.iter().fold(text, |x, block| block.forward(x, &rotation));
        Context {
            text: refined,
            references: references.len(),
            rotation: self.frequencies().rotation(&layout.joint(), &device),
        }
    }

    fn reference(&self, index: usize, latent: Tensor<4>) -> Result<Reference, DitError> {
        let [_, found, height, width] = latent.dims();
        if found != self.config.in_channels {
            return Err(DitError::Channels { found, expected: self.config.in_channels });
        }
        let grid = self.patches(Grid::new(height, width))?;
        let device = latent.device();
        let tokens = self.ref_image_patch_embedder.forward(patchify(latent, self.config.patch_size));
        let index = self.image_index_embedding.val().narrow(0, index, 1).cast(tokens.dtype());
        Ok(Reference {
            tokens: tokens + index.unsqueeze_dim(0),
            grid,
            rotation: self.frequencies().rotation(&origin(grid), &device),
        })
    }

    fn patches(&self, size: Grid) -> Result<Grid, DitError> {
        let patch = self.config.patch_size;
        let grid = size.blocks(patch);
        if grid.cells() == 0 || Grid::new(grid.rows * patch, grid.columns * patch) != size {
            return Err(DitError::NotWholePatches { size, patch });
        }
        Ok(grid)
    }

    fn frequencies(&self) -> Frequencies {
        Frequencies::omni(THETA, self.config.axes_dim_rope)
    }
}

fn origin(grid: Grid) -> Vec<Position> {
    grid.positions(Position::diagonal(0)).collect()
}
