/// A scale of numbers, and the numbers that are written beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    range: [f64; 2],
    scale: Scale,
    ticks: Vec<Tick>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    Linear,
    Logarithmic,
}

/// A number that is written beside an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

impl Axis {
    /// A scale from 0 to a round number at or above the largest value, in about six round steps.
    pub fn from_zero(largest: f64) -> Self {
        let sixth = (largest / 6.0).max(f64::MIN_POSITIVE);
        let power = 10f64.powf(sixth.log10().floor());
        let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= sixth).unwrap_or(10.0);
        let step = factor * power;
        let steps = (largest / step).ceil().max(1.0) as usize;
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let tick = |index: usize| {
            let value = step * index as f64;
            Tick { value, label: format!("{value:.decimals$}") }
        };
        Self {
            range: [0.0, step * steps as f64],
            scale: Scale::Linear,
            ticks: (0..=steps).map(tick).collect(),
        }
    }

    /// A scale of logarithms, a little longer than from the least to the most, with ticks at 1, 2 and 5 of each
    /// decade. Both are numbers over 0.
    pub fn logarithmic([least, most]: [f64; 2]) -> Self {
        const BEYOND: f64 = 1.12;
        let range = [least.max(f64::MIN_POSITIVE) / BEYOND, most.max(f64::MIN_POSITIVE) * BEYOND];
        let [first, last] = range.map(f64::log10);
        let decades = first.floor() as i32..=last.ceil() as i32;
        let marks = decades.flat_map(|decade| [1.0, 2.0, 5.0].map(|digit: f64| digit * 10f64.powi(decade)));
        let ticks = marks.filter(|mark| (range[0]..range[1]).contains(mark));
        let ticks = ticks.map(|value| Tick { value, label: format!("{value}") }).collect();
        Self { range, scale: Scale::Logarithmic, ticks }
    }

    /// A scale between two numbers, with the ticks given.
    pub fn between(range: [f64; 2], ticks: impl IntoIterator<Item = (f64, String)>) -> Self {
        let ticks = ticks.into_iter().map(|(value, label)| Tick { value, label }).collect();
        Self { range, scale: Scale::Linear, ticks }
    }

    /// The place of a value: 0 at the beginning, 1 at the end.
    pub(crate) fn part(&self, value: f64) -> f64 {
        let scaled = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Logarithmic => value.max(f64::MIN_POSITIVE).log10(),
        };
        let [first, last] = self.range.map(scaled);
        if last > first { ((scaled(value) - first) / (last - first)).clamp(0.0, 1.0) } else { 0.0 }
    }

    pub(crate) fn ticks(&self) -> &[Tick] {
        &self.ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks().iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn steps_are_round() {
        assert_eq!(labels(&Axis::from_zero(4160.0)), ["0", "1000", "2000", "3000", "4000", "5000"]);
        assert_eq!(labels(&Axis::from_zero(1.1)), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0", "1.2"]);
        assert_eq!(labels(&Axis::logarithmic([0.3, 6.0])), ["0.5", "1", "2", "5"]);
    }

    #[test]
    fn places_are_within_the_axis() {
        let axis = Axis::logarithmic([0.1, 10.0]);
        assert!((axis.part(1.0) - 0.5).abs() < 1e-9);
        assert_eq!([axis.part(0.0), axis.part(1e9)], [0.0, 1.0]);
        assert_eq!(Axis::between([2.0, 2.0], []).part(2.0), 0.0);
        assert_eq!(Axis::from_zero(0.0).part(0.0), 0.0);
    }
}
