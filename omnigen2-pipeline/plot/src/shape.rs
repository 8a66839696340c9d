/// A colour: red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour(pub [u8; 3]);

impl Colour {
    /// The ink of axes and words.
    pub const INK: Self = Self([40; 3]);
    /// The faint lines of a grid.
    pub const GRID: Self = Self([225; 3]);
    /// The dark grey of what is fitted.
    pub const DARK: Self = Self([90; 3]);
    /// The light grey of what is compared with.
    pub const LIGHT: Self = Self([175; 3]);
    /// The first colour of series.
    pub const BLUE: Self = Self([31, 99, 181]);
    /// The second colour of series.
    pub const ORANGE: Self = Self([216, 96, 20]);
    /// The colours that series of one chart take, in their order.
    pub const SERIES: [Self; 6] = [
        Self::BLUE,
        Self::ORANGE,
        Self([38, 138, 70]),
        Self([150, 60, 160]),
        Self([120, 96, 40]),
        Self([20, 150, 160]),
    ];
}

/// A point of a drawing, in pixels from the left and from the top.
pub(crate) type At = [i32; 2];

/// The end of a text that stands at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// A part of a drawing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shape {
    Path { points: Vec<At>, colour: Colour, width: u32 },
    Mark { at: At, colour: Colour },
    Text { at: At, text: String, anchor: Anchor },
}

/// The diameter of a mark.
pub(crate) const MARK: u32 = 11;
