/// The place where integers, scales and offsets are written.
///
/// # Shapes
/// - `values`: `[numbers]`
/// - `scales`: `[numbers / run]`
/// - `offsets`: as `scales`, or `[0]` of a type without offsets
#[derive(Debug)]
pub struct Integers<'a> {
    /// The integers.
    pub values: &'a mut [i8],
    /// The factor of each run.
    pub scales: &'a mut [f32],
    /// The summand of each run.
    pub offsets: &'a mut [f32],
}
