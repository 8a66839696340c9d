//! What the parts are for: to draw, to reply, to reflect, to reconstruct. Each is an iterator that borrows the engine, or
//! a function over it; none knows how another works inside.

mod decoded;
mod generate;
mod reconstruct;
pub mod reflect;
mod reply;

pub use self::generate::{Generation, Step};
pub(crate) use self::reconstruct::reconstruct;
pub use self::reply::Reply;
