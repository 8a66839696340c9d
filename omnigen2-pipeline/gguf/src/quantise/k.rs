//! Blocks of 256 numbers, whose runs have scales and offsets that are integers themselves.

use std::ops::RangeInclusive;

use half::f16;

use super::fit::{Levels, Line, Run};
use super::pack;
use super::parts::{NUMBERS, Parts, RUNS};

/// The number of times that the block's scales are fitted to its integers.
const ROUNDS: usize = 3;
/// The part by which a determinant must exceed the rounding of its terms.
const SINGULAR: f64 = 1e-9;

/// The bounds of a type's integers, and their places in a block.
pub(super) struct Scheme {
    run: usize,
    levels: Levels,
    scales: Bounds,
    offsets: Bounds,
    bytes: usize,
    pack: fn(&Parts, &mut [u8]),
}

#[derive(Clone, Copy)]
struct Bounds {
    low: i32,
    high: i32,
}

/// The integers of a run's scale and offset, and their error.
#[derive(Clone, Copy, Default)]
struct Choice {
    scale: i32,
    offset: i32,
    error: f32,
}

/// The scales of a block.
#[derive(Clone, Copy)]
struct Scales {
    scale: f16,
    offset: f16,
}

const NONE: Bounds = Bounds { low: 0, high: 0 };
const FOUR_BITS: Bounds = Bounds { low: 0, high: 15 };
const SIX_BITS: Bounds = Bounds { low: 0, high: 63 };
const SIGNED_SIX_BITS: Bounds = Bounds { low: -32, high: 31 };
const SIGNED_BYTE: Bounds = Bounds { low: -128, high: 127 };

pub(super) const Q2_K: Scheme = Scheme {
    run: 16,
    levels: Levels::unsigned(2),
    scales: FOUR_BITS,
    offsets: FOUR_BITS,
    bytes: 84,
    pack: pack::q2_k,
};
pub(super) const Q3_K: Scheme = Scheme {
    run: 16,
    levels: Levels::signed(3),
    scales: SIGNED_SIX_BITS,
    offsets: NONE,
    bytes: 110,
    pack: pack::q3_k,
};
pub(super) const Q4_K: Scheme = Scheme {
    run: 32,
    levels: Levels::unsigned(4),
    scales: SIX_BITS,
    offsets: SIX_BITS,
    bytes: 144,
    pack: pack::q4_k,
};
pub(super) const Q5_K: Scheme = Scheme { levels: Levels::unsigned(5), bytes: 176, pack: pack::q5_k, ..Q4_K };
pub(super) const Q6_K: Scheme =
    Scheme { levels: Levels::signed(6), scales: SIGNED_BYTE, bytes: 210, pack: pack::q6_k, ..Q3_K };

pub(super) fn quantise(scheme: &Scheme, numbers: &[f32], importance: &[f32], bytes: &mut [u8]) {
    let mut importance = importance.iter().copied().cycle();
    let mut weights = [0.0; NUMBERS];
    let blocks = numbers.as_chunks::<NUMBERS>().0.iter().zip(bytes.chunks_exact_mut(scheme.bytes));
    for (numbers, block) in blocks {
        weights.fill_with(|| importance.next().unwrap_or(1.0));
        if weights.iter().all(|weight| *weight == 0.0) {
            weights.fill(1.0);
        }
        (scheme.pack)(&scheme.parts(numbers, &weights), block);
    }
}

impl Scheme {
    fn parts(&self, numbers: &[f32; NUMBERS], weights: &[f32; NUMBERS]) -> Parts {
        let mut runs = [Run { numbers: &[], weights: &[] }; RUNS];
        let chunks = numbers.chunks_exact(self.run).zip(weights.chunks_exact(self.run));
        for (run, (numbers, weights)) in runs.iter_mut().zip(chunks) {
            *run = Run { numbers, weights };
        }
        let runs = &runs[..NUMBERS / self.run];
        let lines: Vec<_> = runs.iter().map(|run| run.fit(self.levels)).collect();

        let mut scales = self.widest(&lines);
        let mut best = (f32::INFINITY, scales, [Choice::default(); RUNS]);
        for _ in 0..ROUNDS {
            let mut choices = [Choice::default(); RUNS];
            for ((choice, run), line) in choices.iter_mut().zip(runs).zip(&lines) {
                *choice = self.choose(*run, *line, scales);
            }
            let error = choices.iter().map(|choice| choice.error).sum();
            if error >= best.0 {
                break;
            }
            best = (error, scales, choices);
            scales = self.refit(runs, &choices, scales);
        }
        let (_, scales, choices) = best;
        self.assemble(runs, &choices, scales)
    }

    /// The scales by which the widest run takes the greatest integer.
    fn widest(&self, lines: &[Line]) -> Scales {
        let wide = |wide: f32, line: &Line| if line.scale.abs() > wide.abs() { line.scale } else { wide };
        let deep = lines.iter().fold(0.0f32, |deep, line| deep.min(line.offset));
        let Bounds { low, high } = self.scales;
        let most = if low < 0 { low } else { high };
        Scales {
            scale: f16::from_f32(lines.iter().fold(0.0, wide) / most as f32),
            offset: f16::from_f32(-deep / self.offsets.high.max(1) as f32),
        }
    }

    /// The best integers among those next to a line's scale and offset.
    fn choose(&self, run: Run<'_>, line: Line, scales: Scales) -> Choice {
        let mut best = Choice { error: f32::INFINITY, ..Choice::default() };
        for scale in around(line.scale, scales.scale, self.scales) {
            for offset in around(-line.offset, scales.offset, self.offsets) {
                let error = run.error(scales.line(scale, offset), self.levels);
                if error < best.error {
                    best = Choice { scale, offset, error };
                }
            }
        }
        best
    }

    /// The scales of the least error for all integers as they are.
    fn refit(&self, runs: &[Run<'_>], choices: &[Choice], scales: Scales) -> Scales {
        let [mut aa, mut ab, mut bb, mut xa, mut xb] = [0.0f64; 5];
        for (run, choice) in runs.iter().zip(choices) {
            let moments = run.moments(scales.line(choice.scale, choice.offset), self.levels);
            let (scale, offset) = (f64::from(choice.scale), -f64::from(choice.offset));
            aa += scale * scale * f64::from(moments.square);
            ab += scale * offset * f64::from(moments.integer);
            bb += offset * offset * f64::from(moments.one);
            xa += scale * f64::from(moments.mixed);
            xb += offset * f64::from(moments.number);
        }
        let determinant = aa * bb - ab * ab;
        let (scale, offset) = if determinant > SINGULAR * aa * bb {
            ((xa * bb - xb * ab) / determinant, (xb * aa - xa * ab) / determinant)
        } else if aa > 0.0 {
            let offset = scales.offset.to_f64();
            ((xa - offset * ab) / aa, offset)
        } else {
            return scales;
        };
        Scales { scale: f16::from_f64(scale), offset: f16::from_f64(offset) }
    }

    fn assemble(&self, runs: &[Run<'_>], choices: &[Choice; RUNS], scales: Scales) -> Parts {
        let mut values = [0; NUMBERS];
        for ((run, choice), values) in runs.iter().zip(choices).zip(values.chunks_exact_mut(self.run)) {
            let line = scales.line(choice.scale, choice.offset);
            for (value, number) in values.iter_mut().zip(run.numbers) {
                *value = line.nearest(*number, self.levels) as i8;
            }
        }
        Parts {
            scale: scales.scale,
            offset: scales.offset,
            scales: choices.map(|choice| choice.scale as i8),
            offsets: choices.map(|choice| choice.offset as u8),
            values,
        }
    }
}

impl Scales {
    fn line(self, scale: i32, offset: i32) -> Line {
        Line { scale: self.scale.to_f32() * scale as f32, offset: -(self.offset.to_f32() * offset as f32) }
    }
}

/// The integers next to a number in units of another, within bounds.
fn around(number: f32, unit: f16, bounds: Bounds) -> RangeInclusive<i32> {
    let unit = unit.to_f32();
    let middle = if unit == 0.0 { 0 } else { (number / unit).round() as i32 };
    let middle = middle.clamp(bounds.low, bounds.high);
    (middle - 1).max(bounds.low)..=(middle + 1).min(bounds.high)
}
