//! Which object some parts of a picture are.

use super::ground::apart;
use super::illegible::Illegible;
use super::part::{Field, Part};
use super::template::{Kind, STEPS, TEXTURES, Template, WINDOW};
use crate::scene::{Colour, Object, SIDE, Shape, Texture};

/// The most of a part's difference from the background that an object may leave unexplained.
const MOST_UNEXPLAINED: f32 = 0.2;
/// How far the colour of an object may be from the nearest that there is.
const NEAR: f32 = 70.0;
/// How many kinds of object are tried at other places than the middle of the part.
const REFINED: usize = 4;
/// How often a better place is looked for beside the last.
const MOVES: usize = 4;
/// How far below the middle of its box the centre of a triangle is, in radii.
const TRIANGLE_DOWN: f32 = 0.075;

const WIDTH: i32 = SIDE as i32;

/// An object, and the squared difference from the picture that it leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fitted {
    pub(super) object: Object,
    pub(super) left: f32,
}

/// The object that is most similar to the part.
pub(super) fn object(field: &Field<'_>, part: &Part) -> Result<Fitted, Illegible> {
    let window = Window { field, part };
    let mut fits: Vec<Fit> = Vec::new();
    for kind in Kind::all() {
        let most = fits.get(REFINED - 1).map_or(f32::INFINITY, |fit| fit.left);
        fits.extend(window.fit(kind, start(kind, part), most));
        fits.sort_by(|a, b| a.left.total_cmp(&b.left));
        fits.truncate(REFINED);
    }
    let refined = fits.into_iter().map(|fit| window.refine(fit));
    let best = refined.min_by(|a, b| a.left.total_cmp(&b.left));
    let centre = part.centre();
    let best = best.ok_or(Illegible::Part { centre, unexplained: 1.0 })?;
    let unexplained = best.left / part.energy;
    if unexplained > MOST_UNEXPLAINED {
        return Err(Illegible::Part { centre, unexplained });
    }
    if let Some(rgb) = best.strange {
        return Err(Illegible::Colour { centre, rgb: rgb.map(|value| value.round() as u8) });
    }
    Ok(Fitted { object: best.object(), left: best.left })
}

/// An object at a place.
#[derive(Clone, Debug)]
struct Fit {
    kind: Kind,
    /// The centre in steps.
    at: [i32; 2],
    colours: [Colour; 2],
    /// A colour that is none of an object's.
    strange: Option<[f32; 3]>,
    left: f32,
}

impl Fit {
    fn object(&self) -> Object {
        let [colour, second] = self.colours;
        let texture = match TEXTURES[self.kind.texture] {
            Texture::Plain => Texture::Plain,
            Texture::Striped(_) => Texture::Striped(second),
            Texture::TwoTone(_) => Texture::TwoTone(second),
        };
        let centre = self.at.map(|steps| steps as f32 / STEPS as f32);
        Object { shape: self.kind.shape, colour, extent: self.kind.extent, texture, centre }
    }
}

struct Window<'a> {
    field: &'a Field<'a>,
    part: &'a Part,
}

impl Window<'_> {
    /// `None` if the object would not be in the picture, its two colours are one, or it leaves more than `most`.
    fn fit(&self, kind: Kind, at: [i32; 2], most: f32) -> Option<Fit> {
        let steps = STEPS as i32;
        let fraction = at.map(|at| at.rem_euclid(steps) as usize);
        let origin = at.map(|at| at.div_euclid(steps) - WINDOW as i32 / 2);
        let template = kind.template(fraction);
        let mean = |colour: usize| self.mean(template, colour, origin);
        let means = if kind.texture == 0 { [mean(0)?; 2] } else { [mean(0)?, mean(1)?] };
        let drawn = Drawn { template, colours: template.unmixed(means) };
        let ground = self.field.ground.rgb;
        let shown = drawn.colours.map(|own| [0, 1, 2].map(|channel| ground[channel] + own[channel]));
        let nearest = shown.map(|rgb| self.field.ground.nearest(rgb));
        let colours = nearest.map(|(colour, _)| colour);
        if kind.texture > 0 && colours[0] == colours[1] {
            return None;
        }
        let strange = nearest.iter().zip(shown).find(|((_, distance), _)| *distance > NEAR * NEAR);
        let left = self.left(&drawn, origin, most)?;
        Some(Fit { kind, at, colours, strange: strange.map(|(_, rgb)| rgb), left })
    }

    fn refine(&self, mut best: Fit) -> Fit {
        for _ in 0..MOVES {
            let [x, y] = best.at;
            let around = [[x - 1, y], [x + 1, y], [x, y - 1], [x, y + 1]];
            let moved = around.into_iter().filter_map(|at| self.fit(best.kind, at, best.left));
            let Some(better) = moved.min_by(|a, b| a.left.total_cmp(&b.left)) else { break };
            if better.left >= best.left {
                break;
            }
            best = better;
        }
        best
    }

    /// The mean difference from the background of the pixels that show a colour best.
    fn mean(&self, template: &Template, colour: usize, [left, top]: [i32; 2]) -> Option<[f32; 3]> {
        let mut sum = [0.0; 3];
        let mut count = 0.0_f32;
        for at in &template.cores[colour] {
            let [x, y] = [left + (at % WINDOW) as i32, top + (at / WINDOW) as i32];
            if (0..WIDTH).contains(&x) && (0..WIDTH).contains(&y) {
                let pixel = self.field.pixels[(y * WIDTH + x) as usize];
                (0..3).for_each(|channel| sum[channel] += pixel[channel] - self.field.ground.rgb[channel]);
                count += 1.0;
            }
        }
        (count > 0.0).then(|| sum.map(|sum| sum / count))
    }

    /// The squared difference between the picture and the object; other parts count as background. `None` if it is
    /// more than `most`.
    fn left(&self, drawn: &Drawn<'_>, [left, top]: [i32; 2], most: f32) -> Option<f32> {
        let ground = self.field.ground.rgb;
        let mut inside = 0.0;
        let mut own = 0.0;
        let columns = (-left).max(0)..(WIDTH - left).min(WINDOW as i32).max(0);
        for row in (-top).max(0)..(WIDTH - top).min(WINDOW as i32) {
            for column in columns.clone() {
                let [a, b] = drawn.template.cover[row as usize * WINDOW + column as usize];
                let at = ((top + row) * WIDTH + left + column) as usize;
                let label = self.field.labels[at];
                let mine = self.part.labels >> label & 1 == 1;
                let found = if mine || label == 0 { self.field.pixels[at] } else { ground };
                let found = [0, 1, 2].map(|channel| found[channel] - ground[channel]);
                let expected =
                    [0, 1, 2].map(|channel| drawn.colours[0][channel] * a + drawn.colours[1][channel] * b);
                inside += apart(found, expected);
                own += if mine { apart(found, [0.0; 3]) } else { 0.0 };
            }
            if inside > most {
                return None;
            }
        }
        Some(inside + (self.part.energy - own).max(0.0)).filter(|left| *left <= most)
    }
}

/// A template in two colours, as differences from the background.
struct Drawn<'a> {
    template: &'a Template,
    colours: [[f32; 3]; 2],
}

/// Where the centre of such an object would be, in steps.
fn start(kind: Kind, part: &Part) -> [i32; 2] {
    let down = if kind.shape == Shape::Triangle { TRIANGLE_DOWN * kind.extent.radius() } else { 0.0 };
    let [x, y] = part.centre();
    [x, y + down].map(|at| (at * STEPS as f32).round() as i32)
}
