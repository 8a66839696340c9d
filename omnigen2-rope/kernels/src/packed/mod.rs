//! Products with weights of 8 and 4 bits that lie as kernels read them.

mod activations;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx2_nibbles;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx512_nibbles;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "x86_64")]
mod avxvnni;
mod bytes;
#[cfg(target_arch = "aarch64")]
mod dotprod;
mod instructions;
mod kernel;
mod layout;
#[cfg(target_arch = "x86_64")]
mod ops256;
#[cfg(target_arch = "x86_64")]
mod ops512;
mod pack;
mod plain;
mod portable;
mod project;
mod quantise;
mod room;
mod round;
mod search;
mod stream;
#[cfg(test)]
mod tests;
mod weight;
mod work;

pub use bytes::PackedBytes;
pub use instructions::{Instructions, InstructionsError, Kernels, VARIABLE};
pub use layout::{Bits, Block, GROUP, Layout, ScaleType};
pub use pack::Integers;
pub use room::Room;
pub use weight::{PackedMut, PackedWeight};
