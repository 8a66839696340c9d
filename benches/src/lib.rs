//! Criterion benchmarks of the OmniGen2 crates.
