//! Prompts in varied wording.

use super::asked::{Asked, name};
use super::dice::Dice;
use super::scene::Background;
use super::wish::{Place, Wish};
use super::words::{capital, list};

/// The most words of a prompt.
pub const MOST_WORDS: usize = 45;

/// The wording of a prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// The order and form of the prompt's parts.
    pub form: Form,
    /// The place of textures in their phrases.
    pub texture: TexturePlace,
}

/// The order and form of the parts of a prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// a large red circle on a grey background
    #[default]
    Noun,
    /// Draw a large red circle on a grey background.
    Command,
    /// A picture of a large red circle. The background is grey.
    Picture,
    /// On a grey background, a large red circle.
    BackgroundFirst,
    /// The picture shows a large red circle and a small blue square. The circle is to the left of the square. …
    Sentences,
    /// grey background, large red circle left of small blue square
    Terse,
}

impl Form {
    /// All forms.
    pub const ALL: [Self; 6] =
        [Self::Noun, Self::Command, Self::Picture, Self::BackgroundFirst, Self::Sentences, Self::Terse];
}

/// The place of an object's texture in its phrase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TexturePlace {
    /// a red and blue striped circle
    #[default]
    Before,
    /// a circle with red and blue stripes
    Behind,
}

impl Style {
    pub(super) fn random(dice: &mut Dice) -> Self {
        Self { form: dice.of(Form::ALL), texture: dice.of([TexturePlace::Before, TexturePlace::Behind]) }
    }
}

impl Place {
    /// Returns the place in words: on the left.
    pub fn words(self) -> &'static str {
        match self {
            Self::Middle => "in the middle",
            Self::Left => "on the left",
            Self::Right => "on the right",
            Self::Top => "at the top",
            Self::Bottom => "at the bottom",
        }
    }
}

impl Wish {
    /// The wish as a prompt of at most [`MOST_WORDS`] words.
    pub fn words(&self, style: Style) -> String {
        let texture = if self.things.len() > 2 { TexturePlace::Before } else { style.texture };
        let clause = self.clause(texture);
        let on = self.background.map_or_else(String::new, |background| self.on(background));
        let is = self.background.map_or_else(String::new, |b| format!(" The background is {}.", b.word()));
        match style.form {
            Form::Noun => format!("{clause}{on}"),
            Form::Command => format!("Draw {clause}{on}."),
            Form::Picture => format!("A picture of {clause}.{is}"),
            Form::BackgroundFirst => match self.background {
                Some(background) => format!("On a {} background, {clause}.", background.word()),
                None => format!("{}.", capital(&clause)),
            },
            Form::Sentences => {
                let text = format!("{}{is}", self.sentences(texture));
                let short = text.split_whitespace().count() <= MOST_WORDS;
                if short { text } else { self.words(Style { form: Form::Noun, texture }) }
            }
            Form::Terse => {
                let background = self.background.map(|b| format!("{} background, ", b.word()));
                format!("{}{}", background.unwrap_or_default(), self.terse())
            }
        }
    }

    fn on(&self, background: Background) -> String {
        let comma = if self.things.len() > 2 || self.place.is_some() { "," } else { "" };
        format!("{comma} on a {} background", background.word())
    }

    /// a large red circle to the left of a small blue square, which is above a green cross
    fn clause(&self, texture: TexturePlace) -> String {
        let phrases: Vec<String> = self.things.iter().map(|thing| full(thing, texture)).collect();
        let place = self.place.map_or_else(String::new, |place| format!(" {}", place.words()));
        let ([first, rest @ ..], [_, ..]) = (phrases.as_slice(), self.relations.as_slice()) else {
            return list(&phrases) + &place;
        };
        let mut clause = first.clone();
        for (at, (relation, phrase)) in self.relations.iter().zip(rest).enumerate() {
            let join = if at == 0 { " " } else { ", which is " };
            clause += &format!("{join}{} {phrase}", relation.words());
        }
        clause
    }

    fn sentences(&self, texture: TexturePlace) -> String {
        let phrases: Vec<String> = self.things.iter().map(|thing| full(thing, texture)).collect();
        let place = self.place.map_or_else(String::new, |place| format!(" {}", place.words()));
        let mut text = format!("The picture shows {}{place}.", list(&phrases));
        for (at, relation) in self.relations.iter().enumerate() {
            let [a, b] = [at, at + 1].map(|at| name(&self.things, at));
            text += &format!(" The {a} is {} the {b}.", relation.words());
        }
        text
    }

    /// large red circle left of small blue square, above green cross
    fn terse(&self) -> String {
        let phrases: Vec<String> = self.things.iter().map(bare).collect();
        let place = self.place.map_or_else(String::new, |place| format!(" {}", place.words()));
        if self.relations.is_empty() {
            return phrases.join(", ") + &place;
        }
        let mut text = String::new();
        for (at, phrase) in phrases.iter().enumerate() {
            let relation = at.checked_sub(1).and_then(|before| self.relations.get(before));
            let join = if at > 1 { ", which is " } else { " " };
            text += &relation.map_or_else(String::new, |relation| format!("{join}{} ", relation.short()));
            text += phrase;
        }
        text
    }
}

fn full(thing: &Asked, texture: TexturePlace) -> String {
    let phrase = match texture {
        TexturePlace::Before => thing.phrase(),
        TexturePlace::Behind => thing.trailing_phrase(),
    };
    thing.with_article(&phrase)
}

/// Without an article, but for an object that has no other name than its picture.
fn bare(thing: &Asked) -> String {
    match thing.image {
        Some(_) => thing.with_article(&thing.phrase()),
        None => thing.phrase(),
    }
}
