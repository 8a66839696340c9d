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
//!   the picture, times the pictures of a batch; a step cache adds `2 · t · width` for each guidance branch. On other
//!   devices than a CPU it adds the scores of attention, `heads · t²`.
//! - the decoder over `p` pixels: `p · c · (4.9 + 3.1 · s)`, where `c` is its channels at full resolution and `s` the
//!   share of the rows that is computed at a time; the encoder: `p · c · (3 + 2 · s)`. Numbers of both are F32.
//! - everything else, such as the tokenizer: 128 MiB.

mod available;
mod plan;
mod planner;
mod remedies;
mod working;
mod workload;

use std::iter::Sum;
use std::ops::Add;

use serde::Serialize;

pub use self::available::Available;
pub use self::plan::{Fit, PartNeed, Plan, Reason, StageNeed};
pub(crate) use self::planner::{Own, Planner, Setup};
pub use self::remedies::Shortage;

/// When parts are in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Memory {
    /// Resident where all parts together surely fit, else staged.
    #[default]
    Auto,
    /// Each part stays once it is loaded. On a CPU, weights of a mapped file can still be dropped by the
    /// system when memory is short.
    Resident,
    /// Each part is put away when its stage ends, so the peak is the largest part and not the sum.
    Staged,
}

/// The room that weights take once they are loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rest {
    /// Bytes that the process or the device holds.
    pub held: u64,
    /// Bytes of mapped files, which the system may drop when memory is short and read again when they are needed.
    pub mapped: u64,
}

impl Rest {
    /// All of it.
    pub fn total(self) -> u64 {
        self.held + self.mapped
    }
}

impl Add for Rest {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { held: self.held + other.held, mapped: self.mapped + other.mapped }
    }
}

impl Sum for Rest {
    fn sum<I: Iterator<Item = Self>>(rests: I) -> Self {
        rests.fold(Self::default(), Self::add)
    }
}

/// Bytes as one reads them, such as `1.5 GiB`.
pub fn human(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    match units.into_iter().find(|(_, bits)| bytes >> bits > 0) {
        Some((unit, bits)) => format!("{:.1} {unit}", bytes as f64 / f64::from(1_u32 << bits)),
        None => format!("{bytes} B"),
    }
}
