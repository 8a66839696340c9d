use omnigen2_pipeline::memory::Fit;
use omnigen2_pipeline::pixels::Size;

use crate::need::Need;
use crate::setting::Setting;

/// The most that the velocity may be off in a setting that is chosen.
pub const MOST_ERROR: f64 = 0.02;

/// Everything that was measured of a setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The setting.
    pub setting: Setting,
    /// The error behind one layer, a part of 1.
    pub layer_error: f64,
    /// The time of a step by the size of the picture, in the order of sizes.
    pub steps: Vec<StepTime>,
    /// Tokens of a reply in a second.
    pub tokens_per_second: f64,
    /// The memory that a picture of the last size takes.
    pub need: Need,
}

/// The time of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepTime {
    /// The size of the picture.
    pub size: Size,
    /// The tokens of its joint sequence.
    pub tokens: usize,
    /// The seconds of one joint layer, as measured.
    pub layer: f64,
    /// The seconds of the step, multiplied.
    pub step: f64,
}

impl Row {
    /// Returns whether the setting may be chosen: its errors are small, and a picture of the last size can be drawn.
    pub fn is_fit(&self) -> bool {
        let known = self.setting.known_error().unwrap_or(self.layer_error);
        known.max(self.layer_error) <= MOST_ERROR && self.need.fit != Fit::No
    }

    fn seconds(&self) -> f64 {
        self.steps.last().map_or(f64::INFINITY, |last| last.step)
    }
}

/// Returns the setting that takes least for a step of the last size, among those that are fit.
pub fn choose(rows: &[Row]) -> Option<&Row> {
    rows.iter().filter(|row| row.is_fit()).min_by(|one, other| one.seconds().total_cmp(&other.seconds()))
}

#[cfg(test)]
mod tests {
    use omnigen2_pipeline::Precision;
    use omnigen2_pipeline::weights::Storage;

    use super::*;

    fn row(weights: Storage, layer_error: f64, seconds: f64) -> Row {
        let step = |side, step| StepTime { size: Size::new(side, side), tokens: 1, layer: 0.1, step };
        Row {
            setting: Setting { weights, compute: Precision::F32 },
            layer_error,
            steps: vec![step(256, 50.0 - seconds), step(512, seconds)],
            tokens_per_second: 1.0,
            need: Need { resident: 2, staged: 1, fit: Fit::Fits },
        }
    }

    fn chosen(rows: &[Row]) -> Option<Storage> {
        choose(rows).map(|row| row.setting.weights)
    }

    #[test]
    fn the_fastest_at_the_last_size_under_the_bar_is_chosen() {
        let mut rows =
            vec![row(Storage::F32, 0.0, 9.0), row(Storage::Q8, 0.004, 3.0), row(Storage::Q4, 0.03, 2.0)];
        assert_eq!(chosen(&rows), Some(Storage::Q8));
        rows[2].layer_error = 0.001;
        assert_eq!(chosen(&rows), Some(Storage::Q8), "the whole network is known to be off by more");
        rows[1].layer_error = 0.5;
        assert_eq!(chosen(&rows), Some(Storage::F32), "here a layer is off by more");
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn what_does_not_fit_is_not_chosen() {
        let mut rows = vec![row(Storage::Bf16, 0.001, 5.0), row(Storage::Q8, 0.004, 3.0)];
        rows[1].need.fit = Fit::No;
        assert_eq!(chosen(&rows), Some(Storage::Bf16));
        rows[0].need.fit = Fit::No;
        assert_eq!(chosen(&rows), None);
        rows[0].need.fit = Fit::Unknown;
        assert_eq!(chosen(&rows), Some(Storage::Bf16));
    }
}
