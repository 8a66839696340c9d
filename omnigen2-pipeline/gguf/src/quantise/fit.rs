//! Straight lines from integers to numbers, by least squares.

/// The number of sums that are made beside each other.
const LANES: usize = 4;
/// To add and subtract it rounds a small number to the nearest integer: 1.5 times two to the power of 23.
const ROUNDING: f32 = 12_582_912.0;
/// The part by which a determinant must exceed the rounding of its terms.
const SINGULAR: f32 = 1e-6;
/// The number of times that integers and line are fitted to each other after the best beginning.
const ITERATIONS: usize = 4;

/// The least and the greatest integer, and whether an offset of zero or less is added.
#[derive(Clone, Copy)]
pub(super) struct Levels {
    pub(super) low: f32,
    pub(super) high: f32,
    pub(super) has_offsets: bool,
}

/// `number = scale * integer + offset`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Line {
    pub(super) scale: f32,
    pub(super) offset: f32,
}

/// Numbers with weights, a multiple of [`LANES`] of them.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) weights: &'a [f32],
}

/// A line, and by how much its weighted squared error is less than that of zero.
#[derive(Clone, Copy, Default)]
struct Fit {
    line: Line,
    explained: f32,
}

/// Weighted sums over a run: of 1, the numbers, the integers, and products of these.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Moments {
    pub(super) one: f32,
    pub(super) number: f32,
    pub(super) integer: f32,
    pub(super) mixed: f32,
    pub(super) square: f32,
}

impl Levels {
    /// Integers from zero on, with offsets.
    pub(super) const fn unsigned(bits: u32) -> Self {
        Self { low: 0.0, high: ((1u32 << bits) - 1) as f32, has_offsets: true }
    }

    /// Integers on both sides of zero, without offsets.
    pub(super) const fn signed(bits: u32) -> Self {
        let half = (1u32 << (bits - 1)) as f32;
        Self { low: -half, high: half - 1.0, has_offsets: false }
    }
}

impl Line {
    /// The integer whose number is nearest, as a number.
    pub(super) fn nearest(self, number: f32, levels: Levels) -> f32 {
        nearest((number - self.offset) * self.inverse(), levels)
    }

    fn inverse(self) -> f32 {
        if self.scale == 0.0 { 0.0 } else { 1.0 / self.scale }
    }
}

fn nearest(position: f32, levels: Levels) -> f32 {
    // Comparisons as the processor has them, which `f32::clamp` is not.
    let position = if position > levels.low { position } else { levels.low };
    let position = if position < levels.high { position } else { levels.high };
    position + ROUNDING - ROUNDING
}

impl Run<'_> {
    /// The line of the least error that is found.
    pub(super) fn fit(self, levels: Levels) -> Line {
        let least = self.numbers.iter().copied().fold(0.0, f32::min);
        let greatest = self.numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut best = Fit::default();
        for start in starts(levels, least, greatest) {
            let next = self.improved(start, levels);
            if next.explained > best.explained {
                best = next;
            }
        }
        for _ in 0..ITERATIONS {
            let next = self.improved(best.line, levels);
            if next.explained <= best.explained {
                break;
            }
            best = next;
        }
        best.line
    }

    /// The best line for the integers that are nearest on another.
    fn improved(self, start: Line, levels: Levels) -> Fit {
        let moments = self.moments(start, levels);
        let line = moments.line(levels);
        Fit { line, explained: line.scale * moments.mixed + line.offset * moments.number }
    }

    /// The weighted squared error of a line with the nearest integers.
    pub(super) fn error(self, line: Line, levels: Levels) -> f32 {
        let inverse = line.inverse();
        let mut sums = [0.0; LANES];
        for (numbers, weights) in self.lanes() {
            for lane in 0..LANES {
                let integer = nearest((numbers[lane] - line.offset) * inverse, levels);
                let wrong = line.scale * integer + line.offset - numbers[lane];
                sums[lane] += weights[lane] * wrong * wrong;
            }
        }
        sums.iter().sum()
    }

    /// The sums with the integers that are nearest on a line.
    pub(super) fn moments(self, line: Line, levels: Levels) -> Moments {
        let inverse = line.inverse();
        let mut sums = [[0.0; LANES]; 5];
        for (numbers, weights) in self.lanes() {
            for lane in 0..LANES {
                let (number, weight) = (numbers[lane], weights[lane]);
                let integer = nearest((number - line.offset) * inverse, levels);
                sums[0][lane] += weight;
                sums[1][lane] += weight * number;
                sums[2][lane] += weight * integer;
                sums[3][lane] += weight * number * integer;
                sums[4][lane] += weight * integer * integer;
            }
        }
        let [one, number, integer, mixed, square] = sums.map(|lanes| lanes.iter().sum());
        Moments { one, number, integer, mixed, square }
    }

    fn lanes(&self) -> impl Iterator<Item = (&[f32; LANES], &[f32; LANES])> {
        self.numbers.as_chunks().0.iter().zip(self.weights.as_chunks().0)
    }
}

/// Lines whose ends lie a little within the numbers, or a little beyond.
fn starts(levels: Levels, least: f32, greatest: f32) -> impl Iterator<Item = Line> {
    let farthest = if greatest > -least { greatest } else { least };
    (-5..=5).flat_map(move |fifth| {
        let more = 0.2 * fifth as f32;
        if levels.has_offsets {
            [least, 0.9 * least]
                .map(|offset| Line { scale: (greatest - offset) / (levels.high + more), offset })
        } else {
            [levels.low - more, levels.high + more].map(|end| Line { scale: farthest / end, offset: 0.0 })
        }
    })
}

impl Moments {
    /// The line of the least error for these integers.
    fn line(self, levels: Levels) -> Line {
        let Self { one, number, integer, mixed, square } = self;
        if !levels.has_offsets {
            return Line { scale: if square > 0.0 { mixed / square } else { 0.0 }, offset: 0.0 };
        }
        let determinant = one * square - integer * integer;
        if determinant > SINGULAR * one * square {
            let scale = (one * mixed - number * integer) / determinant;
            let offset = (square * number - integer * mixed) / determinant;
            if scale >= 0.0 && offset <= 0.0 {
                return Line { scale, offset };
            }
        }
        if mixed > 0.0 {
            Line { scale: mixed / square, offset: 0.0 }
        } else {
            Line { scale: 0.0, offset: (number / one).min(0.0) }
        }
    }
}
