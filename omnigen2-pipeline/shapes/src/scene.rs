//! Scenes: a background and a few objects at places.

use serde::{Deserialize, Serialize};

/// The sides of every picture in pixels.
pub const SIDE: u32 = 64;
/// The least distance in pixels between the boxes of two objects.
pub const GAP: f32 = 3.0;
/// The least distance in pixels from the box of an object to the border.
pub const MARGIN: f32 = 1.5;
/// The least distance in pixels at which one object is beside another.
const BESIDE: f32 = 8.0;

/// The outline of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// A disc.
    Circle,
    /// A square that stands on a side.
    Square,
    /// A triangle that stands on a side.
    Triangle,
    /// A cross with two bars of one length.
    Cross,
}

impl Shape {
    /// All shapes.
    pub const ALL: [Self; 4] = [Self::Circle, Self::Square, Self::Triangle, Self::Cross];
}

/// The colour of an object, or of a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say all")]
pub enum Colour {
    Red,
    Green,
    Blue,
    Yellow,
    Purple,
    Cyan,
}

impl Colour {
    /// All colours.
    pub const ALL: [Self; 6] = [Self::Red, Self::Green, Self::Blue, Self::Yellow, Self::Purple, Self::Cyan];

    /// Returns red, green and blue from 0 to 255.
    pub fn rgb(self) -> [u8; 3] {
        match self {
            Self::Red => [225, 30, 35],
            Self::Green => [25, 150, 50],
            Self::Blue => [35, 60, 225],
            Self::Yellow => [250, 220, 20],
            Self::Purple => [160, 20, 200],
            Self::Cyan => [30, 205, 225],
        }
    }
}

/// The colour of all that no object covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say all")]
pub enum Background {
    White,
    Grey,
    Black,
    Pink,
}

impl Background {
    /// All backgrounds.
    pub const ALL: [Self; 4] = [Self::White, Self::Grey, Self::Black, Self::Pink];

    /// Returns red, green and blue from 0 to 255.
    pub fn rgb(self) -> [u8; 3] {
        match self {
            Self::White => [255, 255, 255],
            Self::Grey => [128, 128, 128],
            Self::Black => [0, 0, 0],
            Self::Pink => [255, 160, 190],
        }
    }
}

/// The size of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// A radius of 8 pixels.
    Small,
    /// A radius of 13 pixels.
    Large,
}

impl Extent {
    /// All extents.
    pub const ALL: [Self; 2] = [Self::Small, Self::Large];

    /// Returns half the side of the box around the object, in pixels.
    pub fn radius(self) -> f32 {
        match self {
            Self::Small => 8.0,
            Self::Large => 13.0,
        }
    }
}

/// The pattern of an object's colours. The object's own colour is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Texture {
    /// One colour.
    Plain,
    /// Three horizontal bars: the outer ones in the first colour, the middle one in this.
    Striped(Colour),
    /// The left half in the first colour, the right half in this.
    TwoTone(Colour),
}

impl Texture {
    /// Returns the second colour.
    pub fn second(self) -> Option<Colour> {
        match self {
            Self::Plain => None,
            Self::Striped(colour) | Self::TwoTone(colour) => Some(colour),
        }
    }
}

/// An object of a scene.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// The outline of the object.
    pub shape: Shape,
    /// The first colour of the object.
    pub colour: Colour,
    /// The size of the object.
    pub extent: Extent,
    /// The pattern of the object's colours.
    pub texture: Texture,
    /// The middle of the object's box in pixels from the upper left corner: right, down.
    pub centre: [f32; 2],
}

impl Object {
    /// Returns the one or two colours of the object.
    pub fn colours(&self) -> impl Iterator<Item = Colour> + use<> {
        [Some(self.colour), self.texture.second()].into_iter().flatten()
    }

    /// Returns whether shape, colours, extent and texture are those of the other.
    pub fn alike(&self, other: &Self) -> bool {
        Self { centre: other.centre, ..*self } == *other
    }

    /// Returns the distance of the centres in pixels.
    pub fn distance(&self, other: &Self) -> f32 {
        let [dx, dy] = self.towards(other);
        dx.hypot(dy)
    }

    fn towards(&self, other: &Self) -> [f32; 2] {
        [other.centre[0] - self.centre[0], other.centre[1] - self.centre[1]]
    }

    fn inside(&self) -> bool {
        let least = self.extent.radius() + MARGIN;
        self.centre.iter().all(|at| (least..=SIDE as f32 - least).contains(at))
    }

    fn apart(&self, other: &Self) -> bool {
        let least = self.extent.radius() + other.extent.radius() + GAP;
        self.towards(other).iter().any(|d| d.abs() >= least)
    }
}

/// The relation of one object's place to another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say all")]
pub enum Relation {
    LeftOf,
    RightOf,
    Above,
    Below,
}

impl Relation {
    /// All relations.
    pub const ALL: [Self; 4] = [Self::LeftOf, Self::RightOf, Self::Above, Self::Below];

    /// Finds how `a` lies to `b`, by the longer way between their centres; `None` if they lie on each other.
    pub fn between(a: &Object, b: &Object) -> Option<Self> {
        let [dx, dy] = a.towards(b);
        let (along, relations) = if dx.abs() >= dy.abs() {
            (dx, [Self::LeftOf, Self::RightOf])
        } else {
            (dy, [Self::Above, Self::Below])
        };
        (along.abs() >= BESIDE).then(|| relations[usize::from(along < 0.0)])
    }

    /// Returns how `b` lies to `a` if `a` lies so to `b`.
    #[must_use]
    pub fn converse(self) -> Self {
        match self {
            Self::LeftOf => Self::RightOf,
            Self::RightOf => Self::LeftOf,
            Self::Above => Self::Below,
            Self::Below => Self::Above,
        }
    }
}

/// A background and the objects before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    /// The background.
    pub background: Background,
    /// The objects, one to three in every scene that is made here.
    pub objects: Vec<Object>,
}

impl Scene {
    /// Returns whether all objects lie inside the picture and apart from each other.
    pub fn fits(&self) -> bool {
        self.objects.iter().all(Object::inside) && self.pairs().all(|[a, b]| a.apart(b))
    }

    /// Returns all pairs of two objects, each once.
    pub fn pairs(&self) -> impl Iterator<Item = [&Object; 2]> {
        let objects = &self.objects;
        (0..objects.len()).flat_map(move |j| (0..j).map(move |i| [&objects[i], &objects[j]]))
    }

    /// Returns whether objects of one shape never share a colour, so that each can be named.
    pub fn distinct(&self) -> bool {
        self.pairs().all(|[a, b]| a.shape != b.shape || a.colours().all(|one| b.colours().all(|c| c != one)))
    }

    /// Returns whether both have the same background and alike objects, none further from its place than `tolerance`
    /// pixels. The order of the objects does not count.
    pub fn same(&self, other: &Self, tolerance: f32) -> bool {
        let mut rest = other.objects.clone();
        self.background == other.background
            && self.objects.iter().all(|object| take(&mut rest, object, tolerance).is_some())
            && rest.is_empty()
    }
}

/// Takes the nearest object like this one out of the list.
pub(super) fn take(objects: &mut Vec<Object>, like: &Object, tolerance: f32) -> Option<Object> {
    let near = |o: &Object| o.alike(like) && o.distance(like) <= tolerance;
    let nearest = (0..objects.len())
        .filter(|&i| near(&objects[i]))
        .min_by(|&i, &j| objects[i].distance(like).total_cmp(&objects[j].distance(like)))?;
    Some(objects.swap_remove(nearest))
}
