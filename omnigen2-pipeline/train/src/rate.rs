use serde::{Deserialize, Serialize};

/// The learning rate of every step: it rises to its peak and then stays or falls.
///
/// ```
/// use omnigen2_train::{Decay, Rate};
///
/// let rate = Rate { peak: 1e-3, warm_up: 10, decay: Decay::Cosine, least: 0.0 };
/// assert_eq!(rate.at(4, 100), 0.5e-3);
/// assert_eq!(rate.at(9, 100), 1e-3);
/// assert!(rate.at(99, 100) < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rate {
    /// The highest rate.
    pub peak: f64,
    /// The number of steps in which the rate rises evenly to its peak.
    pub warm_up: u64,
    /// The course of the rate after its warm-up.
    pub decay: Decay,
    /// The end of a falling rate.
    pub least: f64,
}

/// The course of a rate after its warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// A rate that stays.
    #[default]
    Constant,
    /// A rate that falls along half a cosine to the end of the run (arXiv 1608.03983).
    Cosine,
}

impl Default for Rate {
    /// The reference's settings for a full fine-tune.
    fn default() -> Self {
        Self { peak: 8e-7, warm_up: 500, decay: Decay::Constant, least: 0.0 }
    }
}

impl Rate {
    /// Returns the rate of a step, counted from 0, of a run of `steps`.
    pub fn at(&self, step: u64, steps: u64) -> f64 {
        if step < self.warm_up {
            return self.peak * (step + 1) as f64 / self.warm_up as f64;
        }
        match self.decay {
            Decay::Constant => self.peak,
            Decay::Cosine => {
                let passed =
                    (step - self.warm_up + 1) as f64 / (steps.saturating_sub(self.warm_up)).max(1) as f64;
                let height = 0.5 * (1.0 + (std::f64::consts::PI * passed.min(1.0)).cos());
                self.least + (self.peak - self.least) * height
            }
        }
    }
}
