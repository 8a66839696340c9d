//! What no training example shows or asks for, so that evaluation can tell learning from remembering.
//!
//! Every colour, shape, texture and relation by itself is seen in training often.

use super::scene::{Colour, Object, Relation, Scene, Shape, Texture};
use super::wish::Wish;

/// Shapes that never have the colour in training, not even as their second one.
pub const COLOURS: [(Colour, Shape); 4] = [
    (Colour::Red, Shape::Triangle),
    (Colour::Blue, Shape::Cross),
    (Colour::Green, Shape::Circle),
    (Colour::Yellow, Shape::Square),
];
/// The shape that is never striped in training.
pub const STRIPED: Shape = Shape::Circle;
/// The shape that is never two-tone in training.
pub const TWO_TONE: Shape = Shape::Triangle;
/// Shapes of which the first never lies so to the second in training.
pub const RELATIONS: [([Shape; 2], Relation); 2] =
    [([Shape::Circle, Shape::Square], Relation::LeftOf), ([Shape::Triangle, Shape::Cross], Relation::Above)];

/// The parts of a scene that training never shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Novelty {
    /// A shape in a colour of [`COLOURS`].
    pub colour: bool,
    /// A texture on a shape, [`STRIPED`] or [`TWO_TONE`].
    pub texture: bool,
    /// Two shapes that lie as in [`RELATIONS`].
    pub relation: bool,
}

impl Novelty {
    /// A scene without anything new.
    pub const NONE: Self = Self { colour: false, texture: false, relation: false };
    /// New colours of shapes, nothing else.
    pub const COLOUR: Self = Self { colour: true, ..Self::NONE };
    /// New textures of shapes, nothing else.
    pub const TEXTURE: Self = Self { texture: true, ..Self::NONE };
    /// New relations of shapes, nothing else.
    pub const RELATION: Self = Self { relation: true, ..Self::NONE };

    /// Finds what is new in a scene.
    pub fn of(scene: &Scene) -> Self {
        Self {
            colour: scene.objects.iter().any(|object| object.colours().any(|c| colour(c, object.shape))),
            texture: scene.objects.iter().any(|object| texture(object.texture, object.shape)),
            relation: scene.pairs().any(related),
        }
    }
}

/// Returns whether training never shows such a scene.
pub fn scene(scene: &Scene) -> bool {
    Novelty::of(scene) != Novelty::NONE
}

/// Returns whether training never asks for this.
pub fn wish(wish: &Wish) -> bool {
    let things = wish.things.iter().filter_map(|thing| Some((thing.shape, thing.paint?)));
    let mut relations = wish.relations.iter().zip(wish.things.windows(2));
    things
        .into_iter()
        .any(|(shape, paint)| paint.colours().any(|c| colour(c, shape)) || texture(paint.texture, shape))
        || relations.any(|(&relation, things)| relation_of([things[0].shape, things[1].shape], relation))
}

/// Returns whether training never shows the shape in the colour.
pub fn colour(colour: Colour, shape: Shape) -> bool {
    COLOURS.contains(&(colour, shape))
}

/// Returns whether training never shows the shape with the texture.
pub fn texture(texture: Texture, shape: Shape) -> bool {
    match texture {
        Texture::Plain => false,
        Texture::Striped(_) => shape == STRIPED,
        Texture::TwoTone(_) => shape == TWO_TONE,
    }
}

/// Returns whether training never shows the first shape so to the second.
pub fn relation_of([a, b]: [Shape; 2], relation: Relation) -> bool {
    RELATIONS.contains(&([a, b], relation)) || RELATIONS.contains(&([b, a], relation.converse()))
}

/// Returns whether a prompt for a picture from text is kept for evaluation: one of sixteen is.
pub fn prompt(prompt: &str) -> bool {
    let hash = prompt.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash >> 32).is_multiple_of(16)
}

fn related([a, b]: [&Object; 2]) -> bool {
    Relation::between(a, b).is_some_and(|relation| relation_of([a.shape, b.shape], relation))
}
