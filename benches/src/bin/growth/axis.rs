/// A scale from 0 to a round number at or above the largest value, in round steps.
pub(crate) struct Axis {
    steps: usize,
    step: f64,
}

impl Axis {
    /// About six steps.
    pub(crate) fn upto(largest: f64) -> Self {
        let sixth = (largest / 6.0).max(f64::MIN_POSITIVE);
        let power = 10f64.powf(sixth.log10().floor());
        let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= sixth).unwrap_or(10.0);
        let step = factor * power;
        Self { steps: (largest / step).ceil() as usize, step }
    }

    pub(crate) fn end(&self) -> f64 {
        self.steps as f64 * self.step
    }

    /// Where a value stands between 0 and the end.
    pub(crate) fn part(&self, value: f64) -> f64 {
        value / self.end()
    }

    pub(crate) fn ticks(&self) -> Vec<f64> {
        (0..=self.steps).map(|index| self.step * index as f64).collect()
    }

    pub(crate) fn label(&self, value: f64) -> String {
        let decimals = (-self.step.log10().floor()).max(0.0) as usize;
        format!("{value:.decimals$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        let labels = |largest| {
            let axis = Axis::upto(largest);
            axis.ticks().into_iter().map(|tick| axis.label(tick)).collect::<Vec<_>>()
        };
        assert_eq!(labels(4160.0), ["0", "1000", "2000", "3000", "4000", "5000"]);
        assert_eq!(labels(1.1), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0", "1.2"]);
    }
}
