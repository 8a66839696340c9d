use serde::{Deserialize, Serialize};

use super::random::Generator;

/// The times from noise to image at which images are learnt from: logit-normal (arXiv 2403.03206, section
/// 3.1), shifted by the size of the image.
///
/// The colour of a wide area is the mean of many noisy latents, which shows through the noise at all but the earliest
/// times. A location below 0 lets a transformer meet those times often enough to learn such colours from the prompt.
///
/// ```
/// use omnigen2_train::{Times, TimeSampling};
///
/// let early = TimeSampling { location: -1.5, scale: 1.5, shift: Times::Plain };
/// assert!(early.time(0.0, 16) < TimeSampling::default().time(0.0, 400));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TimeSampling {
    /// The mean of the logit of a time; below 0 is nearer to noise.
    pub location: f64,
    /// The standard deviation of the logit of a time.
    pub scale: f64,
    /// The shift of times by the size of the image.
    pub shift: Times,
}

impl Default for TimeSampling {
    /// The reference's.
    fn default() -> Self {
        Self { location: 0.0, scale: 1.0, shift: Times::default() }
    }
}

impl TimeSampling {
    /// Returns the time of a number from a standard normal distribution, for an image of so many patch tokens.
    pub fn time(&self, normal: f64, tokens: usize) -> f64 {
        let logit = self.location + self.scale * normal;
        self.shift.shift(1.0 / (1.0 + (-logit).exp()), tokens)
    }

    pub(crate) fn draw(&self, tokens: usize, random: &mut Generator) -> f64 {
        self.time(random.normal(), tokens)
    }
}

/// The shift of an image's times by its size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Times {
    /// Times that are not shifted.
    Plain,
    /// The reference's first way: exponentially, as FLUX does, on the time from the image.
    V1,
    /// The reference's second way, which is also that of [`TimeShift::Dynamic`](omnigen2_dit::TimeShift).
    #[default]
    V2,
}

/// Patch tokens at which the first way has its two exponents.
const TOKENS: [f64; 2] = [256.0, 4096.0];
const EXPONENTS: [f64; 2] = [0.5, 1.15];
/// The side, in patch tokens, of the square image that the second way leaves alone.
const SIDE: f64 = 20.0;

impl Times {
    /// Shifts a time that was drawn for an image of so many patch tokens.
    ///
    /// ```
    /// use omnigen2_train::Times;
    ///
    /// assert_eq!(Times::V2.shift(0.5, 400), 0.5);
    /// assert_eq!(Times::V2.shift(0.5, 1600), 1.0 / 3.0);
    /// ```
    pub fn shift(self, t: f64, tokens: usize) -> f64 {
        let tokens = tokens as f64;
        match self {
            Self::Plain => t,
            Self::V1 => {
                let slope = (EXPONENTS[1] - EXPONENTS[0]) / (TOKENS[1] - TOKENS[0]);
                let exponent = (EXPONENTS[0] + slope * (tokens - TOKENS[0])).exp();
                let left = 1.0 - t;
                if left == 0.0 { 1.0 } else { 1.0 - exponent / (exponent + (1.0 / left - 1.0)) }
            }
            Self::V2 => {
                let m = tokens.sqrt() / SIDE;
                t / (m - m * t + t)
            }
        }
    }
}
