use image::RgbImage;

/// What an example teaches.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A picture to draw.
    Picture(RgbImage),
    /// A reply.
    Text(String),
}

/// Something to learn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// What is asked for, or said.
    pub instruction: String,
    /// The pictures that are shown with it.
    pub pictures: Vec<RgbImage>,
    /// What should come of it.
    pub output: Output,
}
