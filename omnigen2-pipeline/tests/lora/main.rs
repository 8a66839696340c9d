//! Adapters: read in every dialect, refused where they do not fit, put on networks and taken off again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod drawing;

mod learning;
mod place;
mod reading;
mod using;
