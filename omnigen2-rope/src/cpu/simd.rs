//! What all kernels do with vectors of any width.
//!
//! No closures around vector operations here: they are compiled without the wide instructions, and stay calls.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// The most F32 lanes of a vector.
pub(super) const WIDEST: usize = 16;

/// Runs a kernel with the widest vectors of this processor; `None` where it has none.
pub(super) fn dispatch<K: WithSimd>(kernel: K) -> Option<K::Output> {
    match is_wide() {
        true => Some(Arch::new().dispatch(kernel)),
        false => None,
    }
}

/// Whether there are vectors whose multiplication and addition are one instruction.
pub(super) fn is_wide() -> bool {
    #[cfg(target_arch = "x86_64")]
    return !matches!(Arch::new(), Arch::Scalar);
    #[cfg(not(target_arch = "x86_64"))]
    return cfg!(target_arch = "aarch64");
}

/// Runs kernels on all threads, or on this one if there is little to do.
pub(crate) fn run<K: WithSimd<Output = ()> + Send>(kernels: Vec<K>, is_large: bool) {
    match is_large && kernels.len() > 1 {
        true => kernels.into_par_iter().with_max_len(1).for_each(|kernel| dispatch(kernel).unwrap_or(())),
        false => kernels.into_iter().for_each(|kernel| dispatch(kernel).unwrap_or(())),
    }
}

/// F32 lanes of a vector of this processor.
pub(super) fn lanes() -> usize {
    dispatch(Lanes).unwrap_or(1)
}

struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

/// Products of `ROWS` rows with a panel of `WIDE` vectors for each number of a row.
#[inline(always)]
pub(super) fn tile<S: Simd, const ROWS: usize, const WIDE: usize>(
    simd: S,
    rows: [&[f32]; ROWS],
    panel: &[S::f32s],
) -> [[S::f32s; WIDE]; ROWS] {
    let (panel, _) = panel.as_chunks::<WIDE>();
    let mut xs: [&[f32]; ROWS] = [&[]; ROWS];
    for r in 0..ROWS {
        xs[r] = &rows[r][..panel.len()];
    }
    let mut sums = [[simd.splat_f32s(0.0); WIDE]; ROWS];
    for (k, step) in panel.iter().enumerate() {
        for r in 0..ROWS {
            let x = simd.splat_f32s(xs[r][k]);
            for c in 0..WIDE {
                sums[r][c] = simd.mul_add_e_f32s(x, step[c], sums[r][c]);
            }
        }
    }
    sums
}
