use std::fmt;

/// The reason why a picture cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Illegible {
    /// A border that is not of one background colour.
    Background,
    /// More parts than any scene has objects.
    Crowded {
        /// The number of parts.
        parts: usize,
    },
    /// A part that looks like no object.
    Part {
        /// The middle of its box in pixels: right, down.
        centre: [f32; 2],
        /// The part of its difference from the background that the most similar object leaves unexplained.
        unexplained: f32,
    },
    /// A part with a colour that no object has.
    Colour {
        /// The middle of its box in pixels: right, down.
        centre: [f32; 2],
        /// The colour.
        rgb: [u8; 3],
    },
}

impl Illegible {
    /// Returns the middle of the part that looks like no object, in pixels: right, down.
    pub fn centre(&self) -> Option<[f32; 2]> {
        match self {
            Self::Background | Self::Crowded { .. } => None,
            Self::Part { centre, .. } | Self::Colour { centre, .. } => Some(*centre),
        }
    }
}

impl fmt::Display for Illegible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Background => write!(f, "the border is not of one background colour"),
            Self::Crowded { parts } => write!(f, "{parts} parts, more than any scene has objects"),
            Self::Part { centre: [x, y], unexplained } => {
                write!(f, "what is at {x:.0}, {y:.0} looks like no object ({unexplained:.2} unexplained)")
            }
            Self::Colour { centre: [x, y], rgb } => {
                write!(f, "what is at {x:.0}, {y:.0} has a colour that no object has, {rgb:?}")
            }
        }
    }
}

impl std::error::Error for Illegible {}
