//! The words for shapes, colours and all else that a scene is made of.

use super::scene::{Background, Colour, Extent, Object, Relation, Shape, Texture};

impl Shape {
    /// Returns the name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Circle => "circle",
            Self::Square => "square",
            Self::Triangle => "triangle",
            Self::Cross => "cross",
        }
    }

    /// Returns the name in the plural.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Circle => "circles",
            Self::Square => "squares",
            Self::Triangle => "triangles",
            Self::Cross => "crosses",
        }
    }
}

impl Colour {
    /// Returns the name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Yellow => "yellow",
            Self::Purple => "purple",
            Self::Cyan => "cyan",
        }
    }
}

impl Background {
    /// Returns the name of the colour.
    pub fn word(self) -> &'static str {
        match self {
            Self::White => "white",
            Self::Grey => "grey",
            Self::Black => "black",
            Self::Pink => "pink",
        }
    }
}

impl Extent {
    /// Returns the name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Large => "large",
        }
    }
}

impl Texture {
    /// Returns the name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Striped(_) => "striped",
            Self::TwoTone(_) => "two-tone",
        }
    }
}

impl Relation {
    /// Returns the relation in two words at most: left of.
    pub fn short(self) -> &'static str {
        match self {
            Self::LeftOf => "left of",
            Self::RightOf => "right of",
            Self::Above => "above",
            Self::Below => "below",
        }
    }

    /// Returns the relation in full: to the left of.
    pub fn words(self) -> &'static str {
        match self {
            Self::LeftOf => "to the left of",
            Self::RightOf => "to the right of",
            Self::Above => "above",
            Self::Below => "below",
        }
    }
}

/// The colours of an object and how they lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    /// The first colour.
    pub colour: Colour,
    /// The pattern of the colours, and the second one.
    pub texture: Texture,
}

impl Paint {
    /// Paints all in one colour.
    pub fn plain(colour: Colour) -> Self {
        Self { colour, texture: Texture::Plain }
    }

    /// Returns the paint of an object.
    pub fn of(object: &Object) -> Self {
        Self { colour: object.colour, texture: object.texture }
    }

    /// Returns the one or two colours.
    pub fn colours(self) -> impl Iterator<Item = Colour> {
        [Some(self.colour), self.texture.second()].into_iter().flatten()
    }

    /// Returns whether both are told by the same words but for the order of the colours.
    pub fn matches(self, other: Self) -> bool {
        let swapped = match other.texture {
            Texture::Plain => other,
            Texture::Striped(second) => Self { colour: second, texture: Texture::Striped(other.colour) },
            Texture::TwoTone(second) => Self { colour: second, texture: Texture::TwoTone(other.colour) },
        };
        self == other || self == swapped
    }

    /// Returns the colours in words: red, or red and blue.
    pub fn colour_words(self) -> String {
        match self.texture.second() {
            None => self.colour.word().into(),
            Some(second) => format!("{} and {}", self.colour.word(), second.word()),
        }
    }

    /// Returns an adjective: red, or red and blue striped.
    pub fn adjective(self) -> String {
        match self.texture {
            Texture::Plain => self.colour_words(),
            texture => format!("{} {}", self.colour_words(), texture.word()),
        }
    }

    /// Returns a noun: red and blue stripes; `None` if it is plain.
    pub fn noun(self) -> Option<String> {
        let parts = match self.texture {
            Texture::Plain => return None,
            Texture::Striped(_) => "stripes",
            Texture::TwoTone(_) => "halves",
        };
        Some(format!("{} {parts}", self.colour_words()))
    }
}

/// Joins words with commas and a last "and".
pub(super) fn list(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The same with a capital at the beginning.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
