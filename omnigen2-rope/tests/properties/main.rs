//! What must hold of positions, rotations, attention and the shared operations, whatever their numbers are.

#![allow(unreachable_pub, reason = "a test's modules are reached by nothing outside")]

mod attention;
mod layouts;
mod ops;
mod rotations;
mod support;
