//! The `omnigen2` program.
fn main() {}
