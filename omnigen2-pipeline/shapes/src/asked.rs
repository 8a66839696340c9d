//! What is asked of one object, and what it is called.

use super::dice::Dice;
use super::scene::{Extent, Object, Shape};
use super::words::Paint;

/// How often the paint and the extent of an object are named.
const PAINT_NAMED: f64 = 0.96;
const EXTENT_NAMED: f64 = 0.85;

/// The wish of a prompt for one object. What the prompt does not name is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The shape of the object.
    pub shape: Shape,
    /// The colours of the object and how they lie; the order of two named colours does not count.
    pub paint: Option<Paint>,
    /// The size of the object.
    pub extent: Option<Extent>,
    /// The picture, counted from 1, whose object it is; then all of it counts and none of it is named.
    pub image: Option<usize>,
}

impl Asked {
    /// Asks for all of an object, each part named.
    pub fn of(object: &Object) -> Self {
        Self { shape: object.shape, paint: Some(Paint::of(object)), extent: Some(object.extent), image: None }
    }

    /// Asks for the object of the picture of a number, counted from 1.
    pub fn pictured(object: &Object, image: usize) -> Self {
        Self { image: Some(image), ..Self::of(object) }
    }

    pub(super) fn mostly(object: &Object, dice: &mut Dice) -> Self {
        let whole = Self::of(object);
        Self {
            paint: whole.paint.filter(|_| dice.chance(PAINT_NAMED)),
            extent: whole.extent.filter(|_| dice.chance(EXTENT_NAMED)),
            ..whole
        }
    }

    /// Counts which of shape, paint and extent an object does not have as asked.
    pub fn wrong(&self, object: &Object) -> usize {
        let found = Paint::of(object);
        let paint = self.paint.is_none_or(|paint| match self.image {
            Some(_) => paint == found,
            None => paint.matches(found),
        });
        let extent = self.extent.is_none_or(|extent| extent == object.extent);
        [self.shape == object.shape, paint, extent].into_iter().filter(|met| !met).count()
    }

    /// Returns the phrase of all that is named, without an article: large red circle.
    pub fn phrase(&self) -> String {
        match self.image {
            Some(image) => format!("object in image {image}"),
            None => words([
                self.extent.map(|extent| extent.word().into()),
                self.paint.map(Paint::adjective),
                Some(self.shape.word().into()),
            ]),
        }
    }

    /// Returns the phrase with the texture behind: large circle with red and blue stripes.
    pub fn trailing_phrase(&self) -> String {
        match self.paint.and_then(Paint::noun) {
            Some(noun) if self.image.is_none() => {
                format!("{} with {noun}", Self { paint: None, ..*self }.phrase())
            }
            _ => self.phrase(),
        }
    }

    /// A phrase with its article: a large red circle, the object in image 1.
    pub(super) fn with_article(&self, phrase: &str) -> String {
        format!("{} {phrase}", if self.image.is_some() { "the" } else { "a" })
    }

    fn confused(&self, other: &Self) -> bool {
        let shares = |a: Paint, b: Paint| a.colours().any(|one| b.colours().any(|c| c == one));
        self.shape == other.shape
            && either(self.paint, other.paint, shares)
            && either(self.extent, other.extent, |a, b| a == b)
    }
}

/// The shortest phrase that means one of some things and no other, without an article: circle, red circle, large
/// circle or large red circle.
pub fn name(things: &[Asked], which: usize) -> String {
    let Some(thing) = things.get(which) else { return String::new() };
    let shape = Asked { paint: None, extent: None, ..*thing };
    let candidates = [shape, Asked { paint: thing.paint, ..shape }, Asked { extent: thing.extent, ..shape }];
    let others = || things.iter().enumerate().filter(|(at, _)| *at != which).map(|(_, other)| other);
    let own = candidates.into_iter().find(|candidate| others().all(|other| !candidate.confused(other)));
    own.unwrap_or(*thing).phrase()
}

fn either<T>(a: Option<T>, b: Option<T>, agree: impl Fn(T, T) -> bool) -> bool {
    a.zip(b).is_none_or(|(a, b)| agree(a, b))
}

fn words<const N: usize>(parts: [Option<String>; N]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
