//! The types in which weights rest, and how vectors of them widen.

use burn::tensor::{bf16, f16};
use bytemuck::Pod;
use pulp::Simd;

use super::dot;

/// A stored number that widens to F32.
pub(super) trait Stored: Pod + Send + Sync {
    /// Whether [`Stored::dots`] takes its rows [`split`](dot::split).
    const SPLIT: bool;

    fn widen(self) -> f32;

    /// The products of rows and columns that lie together along the summed axis.
    fn dots<S: Simd, const ROWS: usize, const COLS: usize>(
        simd: S,
        rows: [&[f32]; ROWS],
        cols: [&[Self]; COLS],
    ) -> [[f32; COLS]; ROWS];
}

/// A number of two bytes, of which two lie in a word.
pub(super) trait Half: Stored {
    /// The even and the odd numbers of words.
    fn both<S: Simd>(simd: S, words: S::u32s) -> [S::f32s; 2];
}

impl Stored for f32 {
    const SPLIT: bool = false;

    #[inline(always)]
    fn widen(self) -> f32 {
        self
    }

    #[inline(always)]
    fn dots<S: Simd, const ROWS: usize, const COLS: usize>(
        simd: S,
        rows: [&[f32]; ROWS],
        cols: [&[f32]; COLS],
    ) -> [[f32; COLS]; ROWS] {
        dot::dots(simd, rows, cols)
    }
}

macro_rules! half {
    ($half:ty, $widen:ident, $both:ident) => {
        impl Stored for $half {
            const SPLIT: bool = true;

            #[inline(always)]
            fn widen(self) -> f32 {
                $widen(self.to_bits())
            }

            #[inline(always)]
            fn dots<S: Simd, const ROWS: usize, const COLS: usize>(
                simd: S,
                rows: [&[f32]; ROWS],
                cols: [&[$half]; COLS],
            ) -> [[f32; COLS]; ROWS] {
                dot::split_dots(simd, rows, cols)
            }
        }

        impl Half for $half {
            #[inline(always)]
            fn both<S: Simd>(simd: S, words: S::u32s) -> [S::f32s; 2] {
                $both(simd, words)
            }
        }
    };
}

half!(bf16, widen_bf16, both_bf16);
half!(f16, widen_f16, both_f16);

#[inline(always)]
fn widen_bf16(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[inline(always)]
fn both_bf16<S: Simd>(simd: S, words: S::u32s) -> [S::f32s; 2] {
    let even = simd.wrapping_dyn_shl_u32s(words, simd.splat_u32s(16));
    let odd = simd.and_u32s(words, simd.splat_u32s(0xffff_0000));
    [simd.transmute_f32s_u32s(even), simd.transmute_f32s_u32s(odd)]
}

// Without branches, so that loops over it become vectors: the scale puts the exponent right, subnormal numbers too.
#[inline(always)]
fn widen_f16(bits: u16) -> f32 {
    let bits = u32::from(bits);
    let scaled = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits(0x7780_0000);
    let infinite = u32::from(bits & 0x7c00 == 0x7c00) * 0x7f80_0000;
    f32::from_bits(scaled.to_bits() | infinite | ((bits & 0x8000) << 16))
}

#[inline(always)]
fn both_f16<S: Simd>(simd: S, words: S::u32s) -> [S::f32s; 2] {
    [high_f16(simd, simd.wrapping_dyn_shl_u32s(words, simd.splat_u32s(16))), high_f16(simd, words)]
}

#[inline(always)]
fn high_f16<S: Simd>(simd: S, bits: S::u32s) -> S::f32s {
    let sign = simd.and_u32s(bits, simd.splat_u32s(0x8000_0000));
    let rest = simd.wrapping_dyn_shr_u32s(bits, simd.splat_u32s(3));
    let rest = simd.and_u32s(rest, simd.splat_u32s(0x0fff_e000));
    let scale = simd.splat_f32s(f32::from_bits(0x7780_0000));
    let scaled = simd.transmute_u32s_f32s(simd.mul_f32s(simd.transmute_f32s_u32s(rest), scale));
    let limit = simd.greater_than_or_equal_u32s(rest, simd.splat_u32s(0x0f80_0000));
    let infinite = simd.select_u32s(limit, simd.splat_u32s(0x7f80_0000), simd.splat_u32s(0));
    simd.transmute_f32s_u32s(simd.or_u32s(simd.or_u32s(scaled, infinite), sign))
}
