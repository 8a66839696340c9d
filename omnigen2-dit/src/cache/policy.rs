use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::factory::StepCaches;
use super::first_block::FirstBlockCache;
use super::mag::MagCache;
use super::step::NoCache;
use super::taylor::TaylorSeer;
use super::tea::TeaCache;
use crate::error::ParseError;

/// The work that is left out between steps, as a request says it: by a step cache of each guidance branch, or whole
/// steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CachePolicy {
    /// No cache: every layer runs at every step.
    #[default]
    None,
    /// TeaCache with this threshold; the reference uses 0.05.
    TeaCache {
        /// The accumulated change under which layers are skipped.
        threshold: f64,
    },
    /// TaylorSeer with the reference's settings.
    TaylorSeer,
    /// A first-block cache.
    FirstBlock {
        /// The change of what the first layer adds under which the others are skipped.
        threshold: f64,
    },
    /// MagCache by the ratios of magnitudes that it sees.
    MagCache {
        /// The accumulated error of magnitudes under which layers are skipped.
        threshold: f64,
    },
    /// Whole steps whose velocity can be foretold, for an error of the latent that is stated:
    /// [`Foreseen`](crate::Foreseen).
    Auto {
        /// The relative error that the latent may have at the end.
        error: f64,
    },
}

/// The words of the policies.
const NONE: &str = "none";
const TEA_CACHE: &str = "teacache";
const TAYLOR_SEER: &str = "taylorseer";
const FIRST_BLOCK: &str = "firstblock";
const MAG_CACHE: &str = "magcache";
const AUTO: &str = "auto";

const EXPECTED: &str = "`none`, `teacache[=THRESHOLD]`, `taylorseer`, `firstblock[=THRESHOLD]`, \
    `magcache[=THRESHOLD]` or `auto[=ERROR]`";

impl CachePolicy {
    /// TeaCache with the reference's threshold.
    pub const TEA_CACHE: Self = Self::TeaCache { threshold: 0.05 };
    /// A first-block cache with a threshold of 0.08.
    pub const FIRST_BLOCK: Self = Self::FirstBlock { threshold: 0.08 };
    /// MagCache with a threshold of 0.06.
    pub const MAG_CACHE: Self = Self::MagCache { threshold: 0.06 };
    /// An error of 5 %.
    pub const AUTO: Self = Self::Auto { error: 0.05 };

    /// The error for [`Foreseen`](crate::Foreseen): 0, every step, unless this is [`CachePolicy::Auto`].
    pub fn foreseen_error(self) -> f64 {
        match self {
            Self::Auto { error } => error,
            _ => 0.0,
        }
    }

    /// The number under which work is skipped, 0 where there is none to choose.
    pub fn bar(self) -> f64 {
        match self {
            Self::None | Self::TaylorSeer => 0.0,
            Self::TeaCache { threshold } | Self::FirstBlock { threshold } | Self::MagCache { threshold } => {
                threshold
            }
            Self::Auto { error } => error,
        }
    }
}

/// The step caches; none for [`CachePolicy::Auto`], which works on the guided velocity.
impl From<CachePolicy> for StepCaches {
    fn from(policy: CachePolicy) -> Self {
        match policy {
            CachePolicy::None | CachePolicy::Auto { .. } => Self::new(|| NoCache),
            CachePolicy::TeaCache { threshold } => Self::new(move || TeaCache::new(threshold)),
            CachePolicy::TaylorSeer => Self::new(TaylorSeer::default),
            CachePolicy::FirstBlock { threshold } => Self::new(move || FirstBlockCache::new(threshold)),
            CachePolicy::MagCache { threshold } => Self::new(move || MagCache::new(threshold)),
        }
    }
}

/// `none`, `teacache=THRESHOLD`, `taylorseer`, `firstblock=THRESHOLD`, `magcache=THRESHOLD` or `auto=ERROR`.
impl fmt::Display for CachePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str(NONE),
            Self::TeaCache { threshold } => write!(f, "{TEA_CACHE}={threshold}"),
            Self::TaylorSeer => f.write_str(TAYLOR_SEER),
            Self::FirstBlock { threshold } => write!(f, "{FIRST_BLOCK}={threshold}"),
            Self::MagCache { threshold } => write!(f, "{MAG_CACHE}={threshold}"),
            Self::Auto { error } => write!(f, "{AUTO}={error}"),
        }
    }
}

/// Reads what [`Display`](fmt::Display) writes, and words alone as the constants of [`CachePolicy`].
impl FromStr for CachePolicy {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let usual =
            [Self::None, Self::TEA_CACHE, Self::TaylorSeer, Self::FIRST_BLOCK, Self::MAG_CACHE, Self::AUTO];
        let words = [NONE, TEA_CACHE, TAYLOR_SEER, FIRST_BLOCK, MAG_CACHE, AUTO];
        let (word, number) = match text.split_once('=') {
            Some((word, number)) => (word, Some(number)),
            None => (text, None),
        };
        let usual = words.iter().zip(usual).find(|(known, _)| **known == word).map(|(_, policy)| policy);
        let read = usual.and_then(|policy| match number {
            None => Some(policy),
            Some(number) => policy.with_bar(number.parse().ok()?),
        });
        read.ok_or(ParseError { expected: EXPECTED })
    }
}

impl CachePolicy {
    /// This policy with another number; none for one that has no number.
    fn with_bar(self, bar: f64) -> Option<Self> {
        match self {
            Self::None | Self::TaylorSeer => None,
            Self::TeaCache { .. } => Some(Self::TeaCache { threshold: bar }),
            Self::FirstBlock { .. } => Some(Self::FirstBlock { threshold: bar }),
            Self::MagCache { .. } => Some(Self::MagCache { threshold: bar }),
            Self::Auto { .. } => Some(Self::Auto { error: bar }),
        }
    }
}
