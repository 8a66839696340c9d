use half::f16;

/// The most runs of a block.
pub(super) const RUNS: usize = 16;
/// The numbers of a block.
pub(super) const NUMBERS: usize = 256;

/// A block: a run's scale is the block's `scale` times an integer, its offset `-offset` times another.
pub(super) struct Parts {
    pub(super) scale: f16,
    pub(super) offset: f16,
    pub(super) scales: [i8; RUNS],
    pub(super) offsets: [u8; RUNS],
    pub(super) values: [i8; NUMBERS],
}
