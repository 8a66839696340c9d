use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::{CachePolicy, Preset, Solver, TimeShift};

use crate::values;

/// How a picture is drawn. Without a value: the record's, the preset's, or the default.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Drawing")]
pub(crate) struct DrawingArgs {
    /// Settings that belong together; `omnigen2 presets` lists them, and other options change them
    #[arg(long, value_parser = values::preset)]
    pub(super) preset: Option<&'static Preset>,
    /// What guidance pulls away from
    #[arg(long, value_name = "TEXT")]
    pub(super) negative: Option<String>,
    /// The size of the picture [default: the only reference's, or 1024x1024]
    #[arg(long, value_name = "WxH")]
    pub(super) size: Option<Size>,
    /// Steps from noise to picture [default: 50]
    #[arg(long, value_name = "N")]
    pub(super) steps: Option<usize>,
    /// How strongly the prompt pulls [default: 5]
    #[arg(long, value_name = "SCALE")]
    pub(super) guidance: Option<f64>,
    /// How strongly the references pull [default: 2]
    #[arg(long, value_name = "SCALE")]
    pub(super) image_guidance: Option<f64>,
    /// The part of the steps that is guided [default: 0..1]
    #[arg(long, value_name = "FROM..TO", value_parser = values::range)]
    pub(super) cfg_range: Option<[f64; 2]>,
    /// `euler`, or `dpm` for DPM-Solver++ of order 2 [default: euler]
    #[arg(long)]
    pub(super) solver: Option<Solver>,
    /// Where the steps lie: `none`, `dynamic` by the size, or a factor [default: dynamic]
    #[arg(long, value_name = "SHIFT")]
    pub(super) time_shift: Option<TimeShift>,
    /// What is skipped between steps: `none`, `teacache[=THRESHOLD]`, `taylorseer`, `firstblock[=THRESHOLD]`,
    /// `magcache[=THRESHOLD]`, or `auto[=ERROR]` for whole steps, as many as keep the error stated [default: none]
    #[arg(long, value_name = "CACHE")]
    pub(super) step_cache: Option<CachePolicy>,
    /// The most pixels that are drawn; a larger picture is drawn smaller and enlarged [default: 1048576]
    #[arg(long, value_name = "N")]
    pub(super) max_pixels: Option<u64>,
    /// The most pixels of a reference; a larger one is scaled down [default: 1048576]
    #[arg(long, value_name = "N")]
    pub(super) reference_max_pixels: Option<u64>,
    /// The longest side of a reference [default: 1024]
    #[arg(long, value_name = "N")]
    pub(super) reference_max_side: Option<u32>,
    /// Draw the latents of references from the seed rather than take the most likely ones [default: false]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub(super) draw_references: Option<bool>,
}

/// The settings of a request beside its prompt and how it is drawn.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Drawing")]
pub(crate) struct PromptArgs {
    /// Where the noise begins [default: by chance, and said]
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// The most tokens of a prompt that are read [default: 1024]
    #[arg(long, value_name = "N")]
    pub(super) max_tokens: Option<usize>,
}
