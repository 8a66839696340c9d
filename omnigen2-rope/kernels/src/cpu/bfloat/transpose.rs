//! A square of words, turned.

use std::arch::x86_64::*;

/// Makes columns rows.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
pub(super) fn transpose(rows: [__m512i; 16]) -> [__m512i; 16] {
    let (mut pairs, mut fours, mut out) = (rows, rows, rows);
    for i in 0..8 {
        pairs[2 * i] = _mm512_unpacklo_epi32(rows[2 * i], rows[2 * i + 1]);
        pairs[2 * i + 1] = _mm512_unpackhi_epi32(rows[2 * i], rows[2 * i + 1]);
    }
    for i in 0..4 {
        let at = 4 * i;
        fours[at] = _mm512_unpacklo_epi64(pairs[at], pairs[at + 2]);
        fours[at + 1] = _mm512_unpackhi_epi64(pairs[at], pairs[at + 2]);
        fours[at + 2] = _mm512_unpacklo_epi64(pairs[at + 1], pairs[at + 3]);
        fours[at + 3] = _mm512_unpackhi_epi64(pairs[at + 1], pairs[at + 3]);
    }
    for c in 0..4 {
        let [a, b, d, e] = [fours[c], fours[4 + c], fours[8 + c], fours[12 + c]];
        let [x, y] = [_mm512_shuffle_i32x4::<0x44>(a, b), _mm512_shuffle_i32x4::<0x44>(d, e)];
        out[c] = _mm512_shuffle_i32x4::<0x88>(x, y);
        out[4 + c] = _mm512_shuffle_i32x4::<0xdd>(x, y);
        let [x, y] = [_mm512_shuffle_i32x4::<0xee>(a, b), _mm512_shuffle_i32x4::<0xee>(d, e)];
        out[8 + c] = _mm512_shuffle_i32x4::<0x88>(x, y);
        out[12 + c] = _mm512_shuffle_i32x4::<0xdd>(x, y);
    }
    out
}
