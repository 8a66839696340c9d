use crate::{Grid, Position};

/// A run of tokens of one kind in a language model's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// This many text tokens.
    Text(usize),
    /// One image, by the grid of its merged tokens.
    Image(Grid),
}

impl Segment {
    /// Returns the number of tokens of the run.
    pub const fn tokens(self) -> usize {
        match self {
            Self::Text(tokens) => tokens,
            Self::Image(grid) => grid.cells(),
        }
    }
}

/// M-RoPE's places of a sequence (Qwen2-VL, arXiv 2409.12191, section 2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MropePositions {
    /// One place for each token, in order.
    pub positions: Vec<Position>,
    /// The place, on all three axes, of the token that follows.
    pub next: usize,
}

impl MropePositions {
    /// `next − tokens`: what must be added to a token's index to find its place after this sequence.
    /// Negative when images take fewer places than they have tokens.
    pub fn delta(&self) -> isize {
        self.next as isize - self.positions.len() as isize
    }
}

/// Lays out text and images from place 0.
///
/// Text counts up on all axes together; an image starts one past the largest place so far and counts its
/// rows and columns from there, and what follows starts one past the largest place of the image.
///
/// ```
/// use omnigen2_rope::{Grid, Position, Segment, mrope_positions};
///
/// let laid_out = mrope_positions(&[Segment::Text(2), Segment::Image(Grid::new(1, 3)), Segment::Text(1)]);
/// assert_eq!(laid_out.positions[4], Position([2, 2, 4]));
/// assert_eq!(laid_out.positions[5], Position([5, 5, 5]));
/// assert_eq!((laid_out.next, laid_out.delta()), (6, 0));
/// ```
pub fn mrope_positions(segments: &[Segment]) -> MropePositions {
    let mut positions = Vec::with_capacity(segments.iter().map(|s| s.tokens()).sum());
    let mut next = 0;
    for segment in segments {
        match *segment {
            Segment::Text(tokens) => {
                positions.extend((next..next + tokens).map(Position::diagonal));
                next += tokens;
            }
            Segment::Image(grid) => {
                positions.extend(grid.positions(Position::diagonal(next)));
                next += grid.longest();
            }
        }
    }
    MropePositions { positions, next }
}
