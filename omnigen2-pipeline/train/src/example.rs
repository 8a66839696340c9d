use image::RgbImage;

/// The answer that an example teaches.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A picture to draw.
    Picture(RgbImage),
    /// A reply.
    Text(String),
}

/// An instruction, and the answer to learn.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// The words of the question or the prompt.
    pub instruction: String,
    /// The pictures that are shown with the instruction.
    pub pictures: Vec<RgbImage>,
    /// The answer that should come of the instruction.
    pub output: Output,
}
