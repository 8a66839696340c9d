//! How weights rest, and how products read them: by runs of a row. A new way to rest is a new [`WeightRows`].

mod float;
mod half;
mod rows;

pub(super) use float::FloatRows;
pub(super) use rows::WeightRows;
