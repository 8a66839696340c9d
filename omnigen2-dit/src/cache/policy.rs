use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::factory::StepCaches;
use super::step::NoCache;
use super::taylor::TaylorSeer;
use super::tea::TeaCache;
use crate::error::ParseError;

/// The step cache that each guidance branch gets, as a request says it.
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
}

impl CachePolicy {
    /// TeaCache with the reference's threshold.
    pub const TEA_CACHE: Self = Self::TeaCache { threshold: 0.05 };
}

impl From<CachePolicy> for StepCaches {
    fn from(policy: CachePolicy) -> Self {
        match policy {
            CachePolicy::None => Self::new(|| NoCache),
            CachePolicy::TeaCache { threshold } => Self::new(move || TeaCache::new(threshold)),
            CachePolicy::TaylorSeer => Self::new(TaylorSeer::default),
        }
    }
}

/// `none`, `teacache=THRESHOLD` or `taylorseer`.
impl fmt::Display for CachePolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::TeaCache { threshold } => write!(f, "teacache={threshold}"),
            Self::TaylorSeer => f.write_str("taylorseer"),
        }
    }
}

/// Reads what [`Display`](fmt::Display) writes, and `teacache` alone as [`CachePolicy::TEA_CACHE`].
impl FromStr for CachePolicy {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let unknown = ParseError { expected: "`none`, `teacache`, `teacache=THRESHOLD` or `taylorseer`" };
        match text {
            "none" => Ok(Self::None),
            "teacache" => Ok(Self::TEA_CACHE),
            "taylorseer" => Ok(Self::TaylorSeer),
            _ => {
                let threshold = text.strip_prefix("teacache=").and_then(|number| number.parse().ok());
                Ok(Self::TeaCache { threshold: threshold.ok_or(unknown)? })
            }
        }
    }
}
