//! The vectors of this processor, of whatever width.
//!
//! No closures around vector operations in any kernel: they are compiled without the wide instructions, and stay
//! calls.

#[cfg(all(target_arch = "x86_64", feature = "train"))]
use pulp::x86::V3;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::packed::Kernels;

/// The most F32 lanes of a vector.
pub(crate) const WIDEST: usize = 16;

/// Below so many multiplications, waking the other threads costs more than they save.
pub(crate) const PARALLEL: usize = 1 << 18;

/// Proof that this processor has vectors whose multiplication and addition are one instruction: whoever holds it can
/// run any kernel to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Registers(Arch);

impl Registers {
    /// `None` where no kernel can run.
    pub(crate) fn find() -> Option<Self> {
        let arch = Kernels::chosen_or_fastest().vectors();
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        let is_wide = !matches!(arch, Arch::Scalar);
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let is_wide = false;
        is_wide.then_some(Self(arch))
    }

    /// The widest vectors of which a row of numbers is whole ones; `None` where no kernel can run on it.
    #[cfg(feature = "train")]
    pub(crate) fn dividing(row: usize) -> Option<Self> {
        let found = Self::find()?;
        let fits = |registers: &Self| row > 0 && row.is_multiple_of(registers.lanes());
        [Some(found), found.narrower()].into_iter().flatten().find(fits)
    }

    #[cfg(feature = "train")]
    fn narrower(self) -> Option<Self> {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Arch::V4(_) => V3::try_new().map(|v3| Self(Arch::V3(v3))),
            _ => None,
        }
    }

    /// Runs a kernel with these vectors.
    pub(crate) fn run<K: WithSimd>(self, kernel: K) -> K::Output {
        self.0.dispatch(kernel)
    }

    /// Runs kernels on all threads, or on this one if there is little to do.
    pub(crate) fn run_all<K: WithSimd<Output = ()> + Send>(self, kernels: Vec<K>, is_large: bool) {
        if is_large && kernels.len() > 1 {
            kernels.into_par_iter().with_max_len(1).for_each(|kernel| self.run(kernel));
        } else {
            kernels.into_iter().for_each(|kernel| self.run(kernel));
        }
    }

    /// The number of F32 lanes of a vector.
    pub(crate) fn lanes(self) -> usize {
        self.run(Lanes)
    }
}

struct Lanes;

impl WithSimd for Lanes {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        S::F32_LANES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fill<'a>(&'a mut [f32]);

    impl WithSimd for Fill<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            self.0.fill(1.0);
        }
    }

    #[test]
    fn every_kernel_that_began_is_finished() {
        let Some(registers) = Registers::find() else { return };
        for is_large in [false, true] {
            for count in [0, 1, 3, 100] {
                let mut numbers = vec![0.0; count * 7];
                registers.run_all(numbers.chunks_mut(7).map(Fill).collect(), is_large);
                assert!(numbers.iter().all(|&x| x == 1.0), "{count} kernels");
            }
        }
    }
}
