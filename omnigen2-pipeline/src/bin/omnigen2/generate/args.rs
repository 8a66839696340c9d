use std::path::PathBuf;

use clap::ValueEnum;
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::{CachePolicy, Preset, Solver, TimeShift};

use crate::checkpoint::LooseArgs;
use crate::values;

/// Draws a picture, edits one, or combines several
///
/// Prints the paths of the pictures. Each keeps the whole request: `omnigen2 show OUT.png` prints it, and
/// `omnigen2 generate --like OUT.png` draws it again.
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// What to draw, or how to change the pictures; may be empty
    #[arg(required_unless_present = "like")]
    pub(super) prompt: Option<String>,
    /// A picture to edit or to take subjects from; up to five
    #[arg(short, long, value_name = "IMAGE")]
    pub(super) image: Vec<PathBuf>,
    /// The picture; of several, OUT-1.png, OUT-2.png and so on [default: omnigen2.png]
    #[arg(short, long, value_name = "OUT.png", default_value = "omnigen2.png", hide_default_value = true)]
    pub(super) output: PathBuf,
    /// Draw this picture again: its request, references, checkpoint and settings are used unless given
    #[arg(long, value_name = "OUT.png")]
    pub(super) like: Option<PathBuf>,
    /// Write OUT.preview.png every N steps; it goes when the picture is there
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) preview_every: Option<u32>,
    /// Print one line of JSON a picture in place of its path
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) weights: WeightsArgs,
    #[command(flatten)]
    pub(super) loose: LooseArgs,
    #[command(flatten)]
    pub(super) drawing: DrawingArgs,
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
}

#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Checkpoint")]
pub(crate) struct WeightsArgs {
    /// A directory, or a repository OWNER/NAME or OWNER/NAME@REVISION, which is pulled [env: OMNIGEN2_CHECKPOINT]
    #[arg(long, value_name = "DIR|REPOSITORY")]
    pub(super) checkpoint: Option<String>,
}

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
    #[arg(long, value_name = "WxH", value_parser = values::size)]
    pub(super) size: Option<Size>,
    /// How many pictures to draw [default: 1]
    #[arg(long, value_name = "N")]
    pub(super) count: Option<usize>,
    /// Where the noise begins [default: by chance, and said]
    #[arg(long)]
    pub(super) seed: Option<u64>,
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
    #[arg(long, value_parser = values::solver)]
    pub(super) solver: Option<Solver>,
    /// Where the steps lie: `none`, `dynamic` by the size, or a factor [default: dynamic]
    #[arg(long, value_name = "SHIFT", value_parser = values::time_shift)]
    pub(super) time_shift: Option<TimeShift>,
    /// What is skipped between steps: `none`, `teacache[=THRESHOLD]` or `taylorseer` [default: none]
    #[arg(long, value_name = "CACHE", value_parser = values::step_cache)]
    pub(super) step_cache: Option<CachePolicy>,
    /// The most pixels that are drawn; a larger picture is drawn smaller and enlarged [default: 1048576]
    #[arg(long, value_name = "N")]
    pub(super) max_pixels: Option<u64>,
    /// The most tokens of a prompt that are read [default: 1024]
    #[arg(long, value_name = "N")]
    pub(super) max_tokens: Option<usize>,
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

#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Computing")]
pub(crate) struct SettingsArgs {
    /// Such as `cpu`, `wgpu` or `cuda:1`; `omnigen2 devices` lists them [default: the fastest there is]
    #[arg(long, value_name = "NAME")]
    pub(super) device: Option<String>,
    /// The type of activations [default: auto]
    #[arg(long)]
    pub(super) precision: Option<PrecisionName>,
    /// The type in which weights rest [default: stored]
    #[arg(long)]
    pub(super) storage: Option<StorageName>,
    /// Whether parts stay in memory or are put away when their stage ends [default: resident]
    #[arg(long)]
    pub(super) memory: Option<MemoryName>,
    /// Rows of a picture that the VAE works on at a time: less memory, the same picture [default: all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) tile_rows: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum PrecisionName {
    /// BF16 on a GPU that computes with it, F32 elsewhere
    #[default]
    Auto,
    /// 32 bits
    F32,
    /// 16 bits with the range of F32
    Bf16,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum StorageName {
    /// That of the file
    #[default]
    Stored,
    /// 32 bits
    F32,
    /// 16 bits, a mantissa of 10
    F16,
    /// 16 bits, the range of F32
    Bf16,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum MemoryName {
    /// Each part stays once it is loaded
    #[default]
    Resident,
    /// The peak is the largest part, not the sum
    Staged,
}
