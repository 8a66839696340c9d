//! Reading weights: the same values whatever the file's form, and clear errors for files that are not sound.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::unimplemented,
    reason = "helpers of tests may fail the test"
)]

mod bad_files;
mod container;
mod cut_off;
mod fp8;
mod gguf;
mod loading;
mod memory;
mod naming;
mod packing;
mod random;
mod toy;
