//! Least squares over a block, for some scales around the obvious one.

/// Adding it to a small number, and taking it off again, leaves the nearest integer, ties to even.
const ROUND: f32 = 12_582_912.0;
/// The reciprocals of smaller scales are infinite.
const LEAST: f32 = 1e-38;

/// The meaning of the integers of a block.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scale {
    pub(super) scale: f32,
    pub(super) offset: f32,
}

/// The nearest integer, ties to even.
#[inline(always)]
pub(super) fn nearest(x: f32) -> f32 {
    (x + ROUND) - ROUND
}

/// The reciprocal of a scale; zero for zero.
#[inline(always)]
pub(super) fn inverse(scale: f32) -> f32 {
    if scale.abs() < LEAST { 0.0 } else { 1.0 / scale }
}

/// The largest magnitude becomes 127.
#[inline(always)]
pub(super) fn largest<const BLOCK: usize>(numbers: &[f32; BLOCK]) -> Scale {
    Scale { scale: extreme(numbers).abs() / 127.0, offset: 0.0 }
}

/// The middle of the range becomes zero, and its ends ±127.
#[inline(always)]
pub(super) fn middle<const BLOCK: usize>(numbers: &[f32; BLOCK]) -> Scale {
    let [least, most] = range(numbers);
    let offset = least / 2.0 + most / 2.0;
    Scale { scale: (most - offset).max(offset - least) / 127.0, offset }
}

/// For integers from −8 to 7; the number of largest magnitude becomes about −8.
#[inline(always)]
pub(super) fn scale<const BLOCK: usize>(numbers: &[f32; BLOCK]) -> Scale {
    let extreme = extreme(numbers);
    let (mut best, mut most) = (Scale::default(), 0.0);
    if extreme.abs() < LEAST {
        return best;
    }
    // In units of the largest number nothing overflows, nor is lost.
    let unit = units(numbers, 0.0, 1.0 / extreme);
    for step in -9..=9 {
        let factor = -(8.0 + 0.1 * step as f32);
        let (mut xq, mut qq) = (0.0, 0.0);
        let (mut x_by_q, mut q_by_q) = ([0.0; BLOCK], [0.0; BLOCK]);
        for k in 0..BLOCK {
            let q = nearest((unit[k] * factor).clamp(-8.0, 7.0));
            x_by_q[k] = unit[k] * q;
            q_by_q[k] = q * q;
        }
        xq += sum(&x_by_q);
        qq += sum(&q_by_q);
        let gain = xq * xq / qq;
        if gain > most {
            most = gain;
            best.scale = xq / qq * extreme;
        }
    }
    best
}

/// For integers from 0 to 15.
#[inline(always)]
pub(super) fn scale_and_offset<const BLOCK: usize>(numbers: &[f32; BLOCK]) -> Scale {
    let [least, most] = range(numbers);
    let span = most - least;
    let mut best = Scale { scale: span / 15.0, offset: least };
    if span < LEAST || !span.is_finite() {
        return best;
    }
    let unit = units(numbers, least, 1.0 / span);
    let (count, x, mut smallest) = (BLOCK as f32, sum(&unit), f32::INFINITY);
    for step in -5..=15 {
        let factor = 15.0 + 0.1 * step as f32;
        let (mut q, mut x_by_q, mut q_by_q) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        for k in 0..BLOCK {
            q[k] = nearest((unit[k] * factor).clamp(0.0, 15.0));
            x_by_q[k] = unit[k] * q[k];
            q_by_q[k] = q[k] * q[k];
        }
        let [q_sum, xq, qq] = [sum(&q), sum(&x_by_q), sum(&q_by_q)];
        let over = count * qq - q_sum * q_sum;
        let (scale, offset) = ((count * xq - q_sum * x) / over, (qq * x - q_sum * xq) / over);
        let mut errors = [0.0; BLOCK];
        for k in 0..BLOCK {
            let error = scale * q[k] + offset - unit[k];
            errors[k] = error * error;
        }
        let error = sum(&errors);
        if error < smallest {
            smallest = error;
            best = Scale { scale: scale * span, offset: offset * span + least };
        }
    }
    best
}

#[inline(always)]
fn units<const BLOCK: usize>(numbers: &[f32; BLOCK], from: f32, by: f32) -> [f32; BLOCK] {
    let mut unit = *numbers;
    for x in &mut unit {
        *x = (*x - from) * by;
    }
    unit
}

/// The number of largest magnitude.
#[inline(always)]
fn extreme<const BLOCK: usize>(numbers: &[f32; BLOCK]) -> f32 {
    let [least, most] = range(numbers);
    if -least > most { least } else { most }
}

#[inline(always)]
fn range<const BLOCK: usize>(numbers: &[f32; BLOCK]) -> [f32; 2] {
    let mut range = [numbers[0]; 2];
    for &x in numbers {
        range = [if x < range[0] { x } else { range[0] }, if x > range[1] { x } else { range[1] }];
    }
    range
}

/// The sum, in an order that vectors can follow.
#[inline(always)]
fn sum<const BLOCK: usize>(numbers: &[f32; BLOCK]) -> f32 {
    let mut sums = [0.0; 16];
    for part in numbers.as_chunks::<16>().0 {
        for lane in 0..16 {
            sums[lane] += part[lane];
        }
    }
    let mut half = 8;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums[0]
}
