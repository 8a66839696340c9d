//! What drawing takes in memory, told from headers and configurations before anything is loaded, and what there is.
//!
//! ```
//! use burn::prelude::Device;
//! use omnigen2_pipeline::memory::Fit;
//! use omnigen2_pipeline::{ImageRequest, Memory, OmniGen2, pixels::Size};
//!
//! # let checkpoint = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-checkpoint");
//! let builder = OmniGen2::builder(&Device::flex()).checkpoint(checkpoint)?.memory_limit(1 << 30);
//! let plan = builder.plan(&ImageRequest::new("a fox").size(Size::new(256, 256)))?;
//! println!("{plan}");
//! assert_eq!((plan.memory, plan.fit()), (Memory::Resident, Fit::Fits));
//!
//! let refused = builder.memory_limit(1 << 20).build()?.generate(&ImageRequest::new("a fox")).unwrap_err();
//! assert!(refused.to_string().contains("1.0 MiB"));
//! # Ok::<(), omnigen2_pipeline::Error>(())
//! ```
//!
//! # How it is estimated
//!
//! Weights are counted exactly. What a network works in is estimated, somewhat too high rather than too low, as the
//! most that lives at once, in numbers of the type of activations:
//!
//! - a transformer over `t` tokens: `t · (4 · width + 3 · feed-forward width)`, and its widest matrix in F32 where
//!   weights rest in another type than activations have. For the denoiser `t` counts the text, the references and
//!   the picture, times the pictures of a batch; a step cache adds what it says for each guidance branch: TeaCache and
//!   the first-block cache `2 · t · width`, MagCache `t · width`, TaylorSeer `5 · t · width`; what `auto` remembers, four
//!   latents, is not counted. On other devices than a CPU it adds the scores of attention,
//!   `heads · t²`.
//! - the decoder over `p` pixels: `p · c · (4.9 + 3.1 · s)`, where `c` is its channels at full resolution and `s` the
//!   share of the rows that is computed at a time; the encoder: `p · c · (3 + 2 · s)`. Numbers of both are F32.
//! - everything else, such as the tokenizer: 128 MiB.

mod admission;
mod available;
mod human;
mod plan;
mod planner;
mod remedies;
mod shortage;
mod working;
mod workload;

pub(crate) use self::admission::admit;
pub use self::available::Available;
pub use self::human::human;
pub use self::plan::{Fit, Plan, Reason, StageNeed};
pub(crate) use self::planner::{Left, Planner, Setup};
pub use self::shortage::Shortage;
pub use crate::checkpoint::PartNeed;
pub use crate::values::Memory;
pub use crate::weights::Rest;
