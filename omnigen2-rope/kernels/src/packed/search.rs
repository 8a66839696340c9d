//! Least squares over a block of as many rows at once as a vector has numbers, for some scales around the obvious one.

use pulp::Simd;

/// Adding it to a small number, and taking it off again, leaves the nearest integer, ties to even.
const ROUND: f32 = 12_582_912.0;
/// The reciprocals of smaller scales are infinite.
const LEAST: f32 = 1e-38;

/// The meaning of the integers of a block, for each row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale<V> {
    pub(super) scale: V,
    pub(super) offset: V,
}

/// The nearest integer to a small number, ties to even.
#[inline(always)]
pub(super) fn integer(x: f32) -> u32 {
    (x + ROUND).to_bits().wrapping_sub(ROUND.to_bits())
}

/// The reciprocal of a scale; zero for zero.
#[inline(always)]
pub(super) fn inverse(scale: f32) -> f32 {
    if scale.abs() < LEAST { 0.0 } else { 1.0 / scale }
}

/// The largest magnitude becomes 127.
#[inline(always)]
pub(super) fn largest<S: Simd, const BLOCK: usize>(simd: S, numbers: &[S::f32s; BLOCK]) -> Scale<S::f32s> {
    let extreme = simd.abs_f32s(extreme(simd, numbers));
    Scale { scale: simd.div_f32s(extreme, simd.splat_f32s(127.0)), offset: simd.splat_f32s(0.0) }
}

/// The middle of the range becomes zero, and its ends ±127.
#[inline(always)]
pub(super) fn middle<S: Simd, const BLOCK: usize>(simd: S, numbers: &[S::f32s; BLOCK]) -> Scale<S::f32s> {
    let ([least, most], half) = (range(simd, numbers), simd.splat_f32s(0.5));
    let offset = simd.add_f32s(simd.mul_f32s(least, half), simd.mul_f32s(most, half));
    let reach = simd.max_f32s(simd.sub_f32s(most, offset), simd.sub_f32s(offset, least));
    Scale { scale: simd.div_f32s(reach, simd.splat_f32s(127.0)), offset }
}

/// For integers from −8 to 7; the number of largest magnitude becomes about −8.
#[inline(always)]
pub(super) fn scale<S: Simd, const BLOCK: usize>(simd: S, numbers: &[S::f32s; BLOCK]) -> Scale<S::f32s> {
    let (zero, extreme) = (simd.splat_f32s(0.0), extreme(simd, numbers));
    let (mut best, mut most) = (zero, zero);
    // In units of the largest number nothing overflows, nor is lost.
    let unit = units(simd, numbers, zero, extreme);
    for step in -9..=9 {
        let rounding = Rounding::<S, true>::new(simd, -(8.0 + 0.1 * step as f32), [-8.0, 7.0]);
        let [_, xq, qq] = sums(simd, &unit, rounding);
        let gain = simd.div_f32s(simd.mul_f32s(xq, xq), qq);
        let is_better = simd.greater_than_f32s(gain, most);
        most = simd.select_f32s(is_better, gain, most);
        best = simd.select_f32s(is_better, simd.mul_f32s(simd.div_f32s(xq, qq), extreme), best);
    }
    let is_least = simd.less_than_f32s(simd.abs_f32s(extreme), simd.splat_f32s(LEAST));
    Scale { scale: simd.select_f32s(is_least, zero, best), offset: zero }
}

/// For integers from 0 to 15.
#[inline(always)]
pub(super) fn scale_and_offset<S: Simd, const BLOCK: usize>(
    simd: S,
    numbers: &[S::f32s; BLOCK],
) -> Scale<S::f32s> {
    let [least, most] = range(simd, numbers);
    let span = simd.sub_f32s(most, least);
    let plain = Scale { scale: simd.div_f32s(span, simd.splat_f32s(15.0)), offset: least };
    let unit = units(simd, numbers, least, span);
    let mut search = Search {
        x: sum(simd, &unit),
        unit,
        smallest: simd.splat_f32s(f32::INFINITY),
        best: Scale { scale: simd.splat_f32s(1.0 / 15.0), offset: simd.splat_f32s(0.0) },
    };
    for step in -5..=15 {
        let factor = 15.0 + 0.1 * step as f32;
        if step < 5 {
            search.attempt(simd, Rounding::<S, false>::new(simd, factor, [0.0, 15.0]));
        } else {
            search.attempt(simd, Rounding::<S, true>::new(simd, factor, [0.0, 15.0]));
        }
    }
    let best = Scale {
        scale: simd.mul_f32s(search.best.scale, span),
        offset: simd.add_f32s(simd.mul_f32s(search.best.offset, span), least),
    };
    let [low, high] = [LEAST, f32::INFINITY].map(|limit| simd.splat_f32s(limit));
    let is_sound = simd.and_m32s(simd.greater_than_or_equal_f32s(span, low), simd.less_than_f32s(span, high));
    Scale {
        scale: simd.select_f32s(is_sound, best.scale, plain.scale),
        offset: simd.select_f32s(is_sound, best.offset, plain.offset),
    }
}

/// What is known of a block, in units of its span, and the best that has been tried.
struct Search<S: Simd, const BLOCK: usize> {
    unit: [S::f32s; BLOCK],
    /// Their sum.
    x: S::f32s,
    smallest: S::f32s,
    best: Scale<S::f32s>,
}

impl<S: Simd, const BLOCK: usize> Search<S, BLOCK> {
    #[inline(always)]
    fn attempt<const CLAMPED: bool>(&mut self, simd: S, rounding: Rounding<S, CLAMPED>) {
        let tried = line::<S, BLOCK>(simd, self.x, sums(simd, &self.unit, rounding));
        let error = error(simd, &self.unit, rounding, tried);
        let is_better = simd.less_than_f32s(error, self.smallest);
        self.smallest = simd.select_f32s(is_better, error, self.smallest);
        self.best.scale = simd.select_f32s(is_better, tried.scale, self.best.scale);
        self.best.offset = simd.select_f32s(is_better, tried.offset, self.best.offset);
    }
}

/// The line nearest to numbers of the sum `x`, of the sums of their integers.
#[inline(always)]
fn line<S: Simd, const BLOCK: usize>(simd: S, x: S::f32s, [q, xq, qq]: [S::f32s; 3]) -> Scale<S::f32s> {
    let count = simd.splat_f32s(BLOCK as f32);
    let over = simd.sub_f32s(simd.mul_f32s(count, qq), simd.mul_f32s(q, q));
    let scale = simd.sub_f32s(simd.mul_f32s(count, xq), simd.mul_f32s(q, x));
    let offset = simd.sub_f32s(simd.mul_f32s(qq, x), simd.mul_f32s(q, xq));
    Scale { scale: simd.div_f32s(scale, over), offset: simd.div_f32s(offset, over) }
}

/// How numbers become integers; those that cannot be too large or too small are not clamped.
#[derive(Clone, Copy)]
struct Rounding<S: Simd, const CLAMPED: bool> {
    factor: S::f32s,
    least: S::f32s,
    most: S::f32s,
    round: S::f32s,
}

impl<S: Simd, const CLAMPED: bool> Rounding<S, CLAMPED> {
    #[inline(always)]
    fn new(simd: S, factor: f32, [least, most]: [f32; 2]) -> Self {
        Self {
            factor: simd.splat_f32s(factor),
            least: simd.splat_f32s(least),
            most: simd.splat_f32s(most),
            round: simd.splat_f32s(ROUND),
        }
    }

    #[inline(always)]
    fn of(self, simd: S, x: S::f32s) -> S::f32s {
        let mut x = simd.mul_f32s(x, self.factor);
        if CLAMPED {
            x = simd.min_f32s(simd.max_f32s(x, self.least), self.most);
        }
        simd.sub_f32s(simd.add_f32s(x, self.round), self.round)
    }
}

/// Numbers less `from`, in units of `of`.
#[inline(always)]
fn units<S: Simd, const BLOCK: usize>(
    simd: S,
    numbers: &[S::f32s; BLOCK],
    from: S::f32s,
    of: S::f32s,
) -> [S::f32s; BLOCK] {
    let (mut unit, by) = (*numbers, simd.div_f32s(simd.splat_f32s(1.0), of));
    for x in &mut unit {
        *x = simd.mul_f32s(simd.sub_f32s(*x, from), by);
    }
    unit
}

/// The number of largest magnitude.
#[inline(always)]
fn extreme<S: Simd, const BLOCK: usize>(simd: S, numbers: &[S::f32s; BLOCK]) -> S::f32s {
    let [least, most] = range(simd, numbers);
    simd.select_f32s(simd.greater_than_f32s(simd.neg_f32s(least), most), least, most)
}

#[inline(always)]
fn range<S: Simd, const BLOCK: usize>(simd: S, numbers: &[S::f32s; BLOCK]) -> [S::f32s; 2] {
    let mut range = [numbers[0]; 2];
    for &x in numbers {
        range = [simd.min_f32s(x, range[0]), simd.max_f32s(x, range[1])];
    }
    range
}

#[inline(always)]
fn sum<S: Simd, const BLOCK: usize>(simd: S, numbers: &[S::f32s; BLOCK]) -> S::f32s {
    let mut total = Halves::new(simd);
    for at in 0..16 {
        let mut sum = simd.splat_f32s(0.0);
        for part in numbers.as_chunks::<16>().0 {
            sum = simd.add_f32s(sum, part[Halves::<S, 1>::place(at)]);
        }
        total.add(simd, at, [sum]);
    }
    total.sums[4][0]
}

/// The sums of the integers, of numbers times their integers, and of squared integers.
#[inline(always)]
fn sums<S: Simd, const BLOCK: usize, const CLAMPED: bool>(
    simd: S,
    unit: &[S::f32s; BLOCK],
    rounding: Rounding<S, CLAMPED>,
) -> [S::f32s; 3] {
    let mut total = Halves::new(simd);
    for at in 0..16 {
        let mut sums = [simd.splat_f32s(0.0); 3];
        for part in unit.as_chunks::<16>().0 {
            let x = part[Halves::<S, 3>::place(at)];
            let q = rounding.of(simd, x);
            sums[0] = simd.add_f32s(sums[0], q);
            sums[1] = simd.add_f32s(sums[1], simd.mul_f32s(x, q));
            sums[2] = simd.add_f32s(sums[2], simd.mul_f32s(q, q));
        }
        total.add(simd, at, sums);
    }
    total.sums[4]
}

/// The sum of squared errors.
#[inline(always)]
fn error<S: Simd, const BLOCK: usize, const CLAMPED: bool>(
    simd: S,
    unit: &[S::f32s; BLOCK],
    rounding: Rounding<S, CLAMPED>,
    by: Scale<S::f32s>,
) -> S::f32s {
    let mut total = Halves::new(simd);
    for at in 0..16 {
        let mut sum = simd.splat_f32s(0.0);
        for part in unit.as_chunks::<16>().0 {
            let x = part[Halves::<S, 1>::place(at)];
            let near = simd.add_f32s(simd.mul_f32s(by.scale, rounding.of(simd, x)), by.offset);
            let error = simd.sub_f32s(near, x);
            sum = simd.add_f32s(sum, simd.mul_f32s(error, error));
        }
        total.add(simd, at, [sum]);
    }
    total.sums[4][0]
}

/// Sums of sixteen numbers in halves: of the first and the ninth, and so on, which loses less than one after the other.
struct Halves<S: Simd, const COUNT: usize> {
    sums: [[S::f32s; COUNT]; 5],
}

impl<S: Simd, const COUNT: usize> Halves<S, COUNT> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        Self { sums: [[simd.splat_f32s(0.0); COUNT]; 5] }
    }

    /// The number that is added at a time.
    #[inline(always)]
    fn place(at: usize) -> usize {
        at.reverse_bits() >> (usize::BITS - 4)
    }

    #[inline(always)]
    fn add(&mut self, simd: S, at: usize, mut numbers: [S::f32s; COUNT]) {
        let whole = at.trailing_ones() as usize;
        for sums in &self.sums[..whole] {
            for n in 0..COUNT {
                numbers[n] = simd.add_f32s(sums[n], numbers[n]);
            }
        }
        self.sums[whole] = numbers;
    }
}
