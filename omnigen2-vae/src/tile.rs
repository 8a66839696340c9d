use std::ops::Range;

use burn::prelude::*;
use omnigen2_kernels::Scratch;

/// The number of rows of a feature map that are computed at a time.
///
/// Convolutions, activations and upsampling run in horizontal bands; the statistics of group normalisation are
/// of the whole map. So every tile gives the same picture, up to rounding; a smaller one needs less memory
/// beside the feature maps themselves, and somewhat more time.
///
/// The kernels for burn's CPU backend `flex` (the crate's feature of that name, for F32) work in small blocks
/// whatever the tile; it counts there for the halving convolutions of the encoder and for small maps alone.
///
/// ```
/// use omnigen2_vae::Tile;
///
/// assert_eq!(Tile::rows(64), Tile::default());
/// assert_ne!(Tile::rows(64), Tile::WHOLE);
/// assert_eq!([Tile::rows(64).rows_of(48), Tile::rows(64).rows_of(512)], [48, 64]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    rows: usize,
}

impl Tile {
    /// All rows at once: the fastest, with several times the memory of the feature maps where there are no kernels.
    pub const WHOLE: Self = Self { rows: usize::MAX };

    /// Bands of at most `rows` rows, at every level of the network.
    ///
    /// # Panics
    /// If `rows` is 0.
    pub const fn rows(rows: usize) -> Self {
        assert!(rows > 0, "a tile needs at least one row");
        Self { rows }
    }

    /// Returns how many rows of a map of a height are computed at a time.
    pub fn rows_of(self, height: usize) -> usize {
        self.rows.min(height)
    }

    pub(crate) fn bands(self, height: usize) -> impl Iterator<Item = Range<usize>> {
        let rows = self.rows_of(height.max(1));
        (0..height).step_by(rows).map(move |top| top..height.min(top + rows))
    }

    /// Puts a map of `dims` together from its bands, in the type and on the device of `like`.
    pub(crate) fn assemble(
        self,
        dims: [usize; 4],
        like: &Tensor<4>,
        band: impl Fn(Range<usize>) -> Tensor<4>,
    ) -> Tensor<4> {
        let height = dims[2];
        if self.rows >= height {
            return band(0..height);
        }
        let map = Tensor::empty(dims, (&like.device(), like.dtype()));
        self.bands(height).fold(map, |map, rows| put(map, rows.clone(), band(rows)))
    }

    /// Adds bands onto a map, in its own memory when nothing else holds it.
    pub(crate) fn add(self, map: Tensor<4>, band: impl Fn(Range<usize>) -> Tensor<4>) -> Tensor<4> {
        let height = map.dims()[2];
        if self.rows >= height {
            return map + band(0..height);
        }
        self.bands(height).fold(map, |map, rows| {
            let sum = take(&map, rows.clone()) + band(rows.clone());
            put(map, rows, sum)
        })
    }
}

impl Default for Tile {
    /// 64 rows: a small part of the feature maps' own memory at one megapixel, at hardly any cost in time.
    fn default() -> Self {
        Self::rows(64)
    }
}

/// One encoding or decoding.
pub(crate) struct Pass {
    pub(crate) tile: Tile,
    pub(crate) scratch: Scratch,
}

impl Pass {
    pub(crate) fn new(tile: Tile) -> Self {
        Self { tile, scratch: Scratch::default() }
    }
}

/// Rows of a map, as a view where the backend has views.
pub(crate) fn take(map: &Tensor<4>, rows: Range<usize>) -> Tensor<4> {
    map.clone().slice(s![.., .., rows, ..])
}

fn put(map: Tensor<4>, rows: Range<usize>, band: Tensor<4>) -> Tensor<4> {
    map.slice_assign(s![.., .., rows, ..], band)
}
