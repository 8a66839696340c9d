//! Drawings of all objects, to compare parts of pictures with.

use std::sync::LazyLock;

use crate::render::coverage;
use crate::scene::{Colour, Extent, Object, Shape, Texture};

/// The sides of a template in pixels.
pub(super) const WINDOW: usize = 32;
/// Places within a pixel at which objects are drawn, along each axis.
pub(super) const STEPS: usize = 2;

/// The textures; the colour stands for any.
pub(super) const TEXTURES: [Texture; 3] =
    [Texture::Plain, Texture::Striped(Colour::Red), Texture::TwoTone(Colour::Red)];

/// What an object covers.
pub(super) struct Template {
    /// By rows: the parts of each pixel that the first and second colour cover, a little blurred.
    pub(super) cover: Vec<[f32; 2]>,
    /// The pixels that show each colour best.
    pub(super) cores: [Vec<usize>; 2],
    /// The mean cover of each core.
    mixtures: [[f32; 2]; 2],
}

impl Template {
    /// Both colours from the mean colours of the cores, as differences from the background.
    pub(super) fn unmixed(&self, means: [[f32; 3]; 2]) -> [[f32; 3]; 2] {
        let [[a, b], [c, d]] = self.mixtures;
        let determinant = a * d - b * c;
        let solve =
            |[p, q]: [f32; 2], channel: usize| (p * means[0][channel] + q * means[1][channel]) / determinant;
        [[d, -b], [-c, a]].map(|row| [0, 1, 2].map(|channel| solve(row, channel)))
    }
}

/// A shape of an extent with a texture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) shape: Shape,
    pub(super) extent: Extent,
    /// Index in [`TEXTURES`].
    pub(super) texture: usize,
}

impl Kind {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let shapes = Shape::ALL.into_iter();
        shapes.flat_map(|shape| {
            Extent::ALL.into_iter().flat_map(move |extent| {
                (0..TEXTURES.len()).map(move |texture| Self { shape, extent, texture })
            })
        })
    }

    /// The template whose centre is `fraction` steps right and down of that of the window.
    pub(super) fn template(self, [right, down]: [usize; 2]) -> &'static Template {
        let kind =
            (self.shape as usize * Extent::ALL.len() + self.extent as usize) * TEXTURES.len() + self.texture;
        &ALL[(kind * STEPS + down) * STEPS + right]
    }

    fn draw(self, [right, down]: [usize; 2]) -> Template {
        let place = |steps: usize| (WINDOW / 2) as f32 + steps as f32 / STEPS as f32;
        let object = Object {
            shape: self.shape,
            colour: Colour::Red,
            extent: self.extent,
            texture: TEXTURES[self.texture],
            centre: [place(right), place(down)],
        };
        let pixels = 0..WINDOW * WINDOW;
        let cover: Vec<[f32; 2]> =
            pixels.map(|at| coverage(&object, [(at % WINDOW) as u32, (at / WINDOW) as u32])).collect();
        let cores = [0, 1].map(|colour| core(&cover, colour));
        let cover = softened(&cover);
        let mixtures = [0, 1].map(|colour| mean(&cores[colour], &cover));
        Template {
            mixtures: if self.texture == 0 { [mixtures[0], [0.0, 1.0]] } else { mixtures },
            cover,
            cores,
        }
    }
}

static ALL: LazyLock<Vec<Template>> = LazyLock::new(|| {
    let fractions = || (0..STEPS).flat_map(|down| (0..STEPS).map(move |right| [right, down]));
    Kind::all().flat_map(|kind| fractions().map(move |fraction| kind.draw(fraction))).collect()
});

/// The fewest pixels that tell a colour well.
const ENOUGH: usize = 6;

/// Pixels inside, with all their neighbours if there are enough of these.
fn core(cover: &[[f32; 2]], colour: usize) -> Vec<usize> {
    let full = |at: usize| cover.get(at).is_some_and(|cover| cover[colour] > 0.99);
    let inside: Vec<usize> = (0..cover.len()).filter(|at| full(*at)).collect();
    let deep = |at: &&usize| [**at - 1, **at + 1, **at - WINDOW, **at + WINDOW].into_iter().all(full);
    let deepest: Vec<usize> = inside.iter().filter(deep).copied().collect();
    if deepest.len() >= ENOUGH { deepest } else { inside }
}

/// Blurred by as much as a network that draws well blurs: (1, 2, 1) / 4 along both axes.
fn softened(cover: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let along = |cover: &[[f32; 2]], step: usize| -> Vec<[f32; 2]> {
        let value = |at: Option<usize>| at.and_then(|at| cover.get(at)).copied().unwrap_or_default();
        let blur = |at: usize| {
            let [before, here, after] = [at.checked_sub(step), Some(at), at.checked_add(step)].map(value);
            [0, 1].map(|colour| 0.25 * before[colour] + 0.5 * here[colour] + 0.25 * after[colour])
        };
        (0..cover.len()).map(blur).collect()
    };
    along(&along(cover, 1), WINDOW)
}

fn mean(core: &[usize], cover: &[[f32; 2]]) -> [f32; 2] {
    [0, 1].map(|colour| core.iter().map(|&at| cover[at][colour]).sum::<f32>() / core.len().max(1) as f32)
}
