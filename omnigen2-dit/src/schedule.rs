use serde::{Deserialize, Serialize};

/// How the even steps of a schedule are moved towards the noise: `t = u / (m − m·u + u)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeShift {
    /// Not at all: `m = 1`.
    None,
    /// By one factor at every size, as ComfyUI does with 2.6.
    Fixed(f64),
    /// By the image's size: `m = √(height · width) / base`, in pixels; the reference's base is 320.
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

/// Latents are smaller than pictures by this factor on each side.
const PIXELS_PER_CELL: f64 = 8.0;

/// The times at which a field is evaluated, from 0 to 1.
///
/// ```
/// use omnigen2_dit::{Schedule, TimeShift};
///
/// let schedule = Schedule::new(2, TimeShift::Dynamic { base: 320.0 }, 128 * 128);
/// assert_eq!(schedule.steps(), 2);
/// assert!((schedule.times()[1] - 1.0 / 4.2).abs() < 1e-12); // m = 3.2
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule(Vec<f64>);

impl Schedule {
    /// `steps` steps for a latent of `cells` = height · width.
    pub fn new(steps: usize, shift: TimeShift, cells: usize) -> Self {
        let m = match shift {
            TimeShift::None => 1.0,
            TimeShift::Fixed(m) => m,
            TimeShift::Dynamic { base } => (cells as f64).sqrt() * PIXELS_PER_CELL / base,
        };
        let even = (0..steps).map(|i| i as f64 / steps as f64);
        Self(even.map(|u| u / (m - m * u + u)).chain([1.0]).collect())
    }

    /// How many steps there are.
    pub fn steps(&self) -> usize {
        self.0.len() - 1
    }

    /// `steps + 1` times, the last of which is 1.
    pub fn times(&self) -> &[f64] {
        &self.0
    }
}
