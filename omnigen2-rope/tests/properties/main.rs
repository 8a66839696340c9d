//! What must hold of positions, rotations, attention and the shared operations, whatever their numbers are.

#![allow(unreachable_pub, reason = "a test's modules are reached by nothing outside")]
#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod attention;
mod layouts;
mod ops;
mod rotations;
mod support;
