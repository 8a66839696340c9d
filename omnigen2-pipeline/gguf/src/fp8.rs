//! Numbers of 8 bits, as safetensors files have them: `F8_E4M3` and `F8_E5M2`.
//!
//! Source: Micikevicius et al., *FP8 Formats for Deep Learning* (2022), table 1; PyTorch's `float8_e4m3fn` and
//! `float8_e5m2`.
//!
//! ```
//! use omnigen2_gguf::fp8;
//!
//! assert_eq!(fp8::E4M3[0x7e], 448.0);
//! let mut numbers = [0.0; 2];
//! fp8::decode(&[0x3c, 0xbc], &fp8::E5M2, &mut numbers);
//! assert_eq!(numbers, [1.0, -1.0]);
//! ```

/// The numbers that bytes stand for with 4 bits of exponent and 3 of fraction, which has no infinity and one NaN of each sign.
pub static E4M3: [f32; 256] = table(3, 7);

/// The numbers that bytes stand for with 5 bits of exponent and 2 of fraction, the upper half of half precision.
pub static E5M2: [f32; 256] = table(2, 15);

/// Looks up what some bytes stand for.
///
/// # Panics
/// If there are not as many numbers as bytes.
pub fn decode(bytes: &[u8], table: &[f32; 256], numbers: &mut [f32]) {
    assert_eq!(bytes.len(), numbers.len(), "numbers for bytes");
    for (number, byte) in numbers.iter_mut().zip(bytes) {
        *number = table[usize::from(*byte)];
    }
}

const fn table(fraction_bits: u32, bias: u32) -> [f32; 256] {
    let mut table = [0.0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte as usize] = number(byte, fraction_bits, bias);
        byte += 1;
    }
    table
}

const fn number(byte: u32, fraction_bits: u32, bias: u32) -> f32 {
    let fraction = byte & ((1 << fraction_bits) - 1);
    let exponent = (byte & 0x7f) >> fraction_bits;
    let sign = byte >> 7 << 31;
    let is_last = (byte & 0x7f) >> fraction_bits == 0x7f >> fraction_bits;
    let has_infinity = fraction_bits == 2;
    let bits = if is_last && has_infinity {
        0xff << 23 | fraction << (23 - fraction_bits)
    } else if is_last && fraction == (1 << fraction_bits) - 1 {
        0x7fc0_0000
    } else if exponent > 0 {
        (exponent + 127 - bias) << 23 | fraction << (23 - fraction_bits)
    } else {
        subnormal(fraction, 1 + 127 - bias - fraction_bits)
    };
    f32::from_bits(sign | bits)
}

/// The bits of a small integer times two to a power, which is given as F32 has it.
const fn subnormal(integer: u32, power: u32) -> u32 {
    if integer == 0 {
        return 0;
    }
    let highest = 31 - integer.leading_zeros();
    (power + highest) << 23 | (integer << (23 - highest) & 0x007f_ffff)
}
