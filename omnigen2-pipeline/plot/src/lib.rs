#![doc = include_str!("../README.md")]

mod axis;
mod chart;
mod raster;
mod shape;
mod svg;

pub use axis::Axis;
pub use chart::{Chart, Series};
pub use shape::Colour;
