use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::ParseError;

/// A shift of the even steps of a schedule towards the noise: `t = u / (m − m·u + u)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeShift {
    /// No shift: `m = 1`.
    None,
    /// One factor at every size, as ComfyUI has it with 2.6.
    Fixed(f64),
    /// A factor by the image's size: `m = √(height · width) / base`, in pixels; the reference's base is 320.
    Dynamic {
        /// The side of the square image that is not shifted.
        base: f64,
    },
}

impl Default for TimeShift {
    fn default() -> Self {
        Self::Dynamic { base: 320.0 }
    }
}

/// `none`, `dynamic`, `dynamic from BASE`, or the factor.
impl fmt::Display for TimeShift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Fixed(factor) => write!(f, "{factor}"),
            shift if *shift == Self::default() => f.write_str("dynamic"),
            Self::Dynamic { base } => write!(f, "{BASE}{base}"),
        }
    }
}

const BASE: &str = "dynamic from ";

/// Reads what [`Display`](fmt::Display) writes.
impl FromStr for TimeShift {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let number = |text: &str| {
            text.parse().map_err(|_| ParseError { expected: "`none`, `dynamic` or a number such as 2.6" })
        };
        match text {
            "none" => Ok(Self::None),
            "dynamic" => Ok(Self::default()),
            _ => match text.strip_prefix(BASE) {
                Some(base) => Ok(Self::Dynamic { base: number(base)? }),
                None => Ok(Self::Fixed(number(text)?)),
            },
        }
    }
}

/// The times at which a field is evaluated, from 0 to 1.
///
/// ```
/// use omnigen2_dit::{Schedule, TimeShift};
///
/// let schedule = Schedule::new(2, TimeShift::Dynamic { base: 320.0 }, 1024 * 1024);
/// assert_eq!(schedule.steps(), 2);
/// assert!((schedule.times()[1] - 1.0 / 4.2).abs() < 1e-12); // m = 3.2
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule(Vec<f64>);

impl Schedule {
    /// A schedule of `steps` steps for a picture of so many pixels, `height · width`.
    pub fn new(steps: usize, shift: TimeShift, pixels: usize) -> Self {
        let m = match shift {
            TimeShift::None => 1.0,
            TimeShift::Fixed(m) => m,
            TimeShift::Dynamic { base } => (pixels as f64).sqrt() / base,
        };
        let even = (0..steps).map(|i| i as f64 / steps as f64);
        Self(even.map(|u| u / (m - m * u + u)).chain([1.0]).collect())
    }

    /// The number of steps.
    pub fn steps(&self) -> usize {
        self.0.len() - 1
    }

    /// The times: one more than steps, the last of which is 1.
    pub fn times(&self) -> &[f64] {
        &self.0
    }
}
