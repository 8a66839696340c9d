//! Products of pairs of BF16, where the processor has them: activations are rounded to BF16 too, and sums are F32.

#[cfg(target_arch = "x86_64")]
mod avx512bf16;
#[cfg(target_arch = "x86_64")]
mod transpose;

use burn::tensor::bf16;
use rayon::prelude::*;

use crate::packed::{Instructions, Kernels};

/// Outputs that are multiplied together.
const GROUP: usize = 16;
/// Groups of a task, whose panels lie in the second cache.
const TOGETHER: usize = 8;
/// Rows that are multiplied together.
const ROWS: usize = 12;
/// Pairs in a run of the summed axis, which every axis is filled up to.
const RUN: usize = 16;

/// Rows of activations, in pairs along the summed axis: `[pairs, ROWS]`.
struct Tile {
    pairs: Vec<u32>,
    rows: usize,
}

/// Products of all rows with some outputs.
struct Multiply<'a> {
    weight: &'a [bf16],
    input: usize,
    tiles: &'a [Tile],
    /// The outputs of every row.
    out: Vec<&'a mut [f32]>,
}

/// A tile to be filled with rows.
struct Fill<'a> {
    tile: &'a mut Tile,
    x: &'a [f32],
    input: usize,
}

/// What a kernel can be asked for.
enum Work<'a> {
    Fill(Fill<'a>),
    Multiply(Multiply<'a>),
}

/// Proof that this processor multiplies pairs of BF16: whoever holds it can run the kernel to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct PairProducts(());

impl PairProducts {
    /// `None` where it does not, or shall not.
    pub(super) fn find() -> Option<Self> {
        let may = matches!(
            Kernels::chosen_or_fastest().instructions(),
            Instructions::Avx512Vnni | Instructions::Avx512
        );
        #[cfg(target_arch = "x86_64")]
        let has = is_x86_feature_detected!("avx512bf16");
        #[cfg(not(target_arch = "x86_64"))]
        let has = false;
        (may && has).then_some(Self(()))
    }

    /// `x · weightᵀ` of `x` rounded to BF16, `[rows, output]`. Numbers too small to be normal count as zero.
    pub(super) fn project(self, x: &[f32], weight: &[bf16], input: usize) -> Vec<f32> {
        let (rows, output) = (x.len() / input, weight.len() / input);
        let mut out = vec![0.0; rows * output];
        let new =
            |x: &[f32]| Tile { pairs: vec![0; input.div_ceil(2 * RUN) * RUN * ROWS], rows: x.len() / input };
        let mut tiles: Vec<Tile> = x.chunks(ROWS * input).map(new).collect();
        let fills = tiles.par_iter_mut().zip(x.par_chunks(ROWS * input));
        fills.for_each(|(tile, x)| self.run(Work::Fill(Fill { tile, x, input })));
        let groups = output.div_ceil(GROUP) / (4 * rayon::current_num_threads());
        let each = groups.clamp(1, TOGETHER) * GROUP;
        let task = |weight| Multiply { weight, input, tiles: &tiles, out: Vec::with_capacity(rows) };
        let mut tasks: Vec<Multiply<'_>> = weight.chunks(each * input).map(task).collect();
        for row in out.chunks_mut(output) {
            for (task, part) in tasks.iter_mut().zip(row.chunks_mut(each)) {
                task.out.push(part);
            }
        }
        tasks.into_par_iter().with_max_len(1).for_each(|task| self.run(Work::Multiply(task)));
        out
    }

    fn run(self, work: Work<'_>) {
        #[cfg(target_arch = "x86_64")]
        #[allow(unsafe_code, reason = "this value proves that the processor has the instructions")]
        unsafe {
            avx512bf16::run(work);
        }
        #[cfg(not(target_arch = "x86_64"))]
        drop(work);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of F32 in whatever order, against F64.
    const TOLERANCE: f64 = 1e-5;

    fn numbers(count: usize, seed: u64) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn products_are_those_of_rounded_numbers() {
        let Some(products) = PairProducts::find() else { return };
        for [rows, input, output] in [
            [1, 1, 1],
            [2, 3, 5],
            [12, 32, 16],
            [13, 33, 17],
            [17, 1023, 40],
            [30, 1100, 130],
            [5, 2520, 300],
        ] {
            let (x, w) = (numbers(rows * input, 1), numbers(output * input, 2));
            let w: Vec<bf16> = w.into_iter().map(bf16::from_f32).collect();
            let out = products.project(&x, &w, input);
            for (x, out) in x.chunks(input).zip(out.chunks(output)) {
                for (w, &out) in w.chunks(input).zip(out) {
                    let products = x.iter().zip(w).map(|(&x, w)| bf16::from_f32(x).to_f64() * w.to_f64());
                    let [sum, norm] = products.fold([0.0, 0.0], |[sum, norm], x| [sum + x, norm + x.abs()]);
                    assert!(
                        (f64::from(out) - sum).abs() <= TOLERANCE * norm,
                        "{rows} {input} {output}: {out} {sum}"
                    );
                }
            }
        }
    }
}
