use crate::{Grid, Position};

/// Omni-RoPE's layout of one sequence: text, then the references, then the image being drawn
/// (OmniGen2, arXiv 2506.18871, section 3).
///
/// Text token `l` stands at `(l, l, l)`. All tokens of an image share one place on the first axis and
/// count rows and columns from zero on the other two; after each reference the first axis moves on by
/// the longer side of its grid.
///
/// ```
/// use omnigen2_rope::{Grid, OmniLayout, Position};
///
/// let layout = OmniLayout { text: 3, references: vec![Grid::new(2, 4)], target: Grid::new(1, 2) };
/// assert_eq!(layout.reference(0)[0], Position([3, 0, 0]));
/// assert_eq!(layout.target(), [Position([7, 0, 0]), Position([7, 0, 1])]);
/// assert_eq!(layout.joint().len(), 3 + 8 + 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OmniLayout {
    /// The number of text tokens that lead the sequence.
    pub text: usize,
    /// The patch grids of the reference images, in order.
    pub references: Vec<Grid>,
    /// The patch grid of the image being drawn.
    pub target: Grid,
}

impl OmniLayout {
    /// The places of the text tokens.
    pub fn text(&self) -> Vec<Position> {
        (0..self.text).map(Position::diagonal).collect()
    }

    /// The places of the `index`-th reference's patches.
    ///
    /// # Panics
    /// If there is no such reference.
    pub fn reference(&self, index: usize) -> Vec<Position> {
        self.references[index].positions(Position([self.shift(index), 0, 0])).collect()
    }

    /// The places of the patches of the image being drawn.
    pub fn target(&self) -> Vec<Position> {
        self.target.positions(Position([self.shift(self.references.len()), 0, 0])).collect()
    }

    /// The places of the whole sequence: text, references, image being drawn.
    pub fn joint(&self) -> Vec<Position> {
        let references = (0..self.references.len()).flat_map(|i| self.reference(i));
        self.text().into_iter().chain(references).chain(self.target()).collect()
    }

    fn shift(&self, references: usize) -> usize {
        self.text + self.references[..references].iter().map(|grid| grid.longest()).sum::<usize>()
    }
}
