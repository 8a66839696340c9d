//! What a prompt asks for, and what of it a scene lacks.

use super::asked::{Asked, name};
use super::dice::Dice;
use super::scene::{Background, Object, Relation, SIDE, Scene};

/// How often the background and the relations are named.
const BACKGROUND_NAMED: f64 = 0.9;
const RELATIONS_NAMED: f64 = 0.92;
/// What a missing object counts against a wrong attribute or relation, when it is decided which object is which.
const MISSING: usize = 5;
/// How far in pixels an object in the middle may be off it, along each axis, and the least by which one beside it
/// is off it.
const NEAR_MIDDLE: f32 = 8.0;

/// The place in the picture where an object is asked to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say all")]
pub enum Place {
    Middle,
    Left,
    Right,
    Top,
    Bottom,
}

impl Place {
    /// All places.
    pub const ALL: [Self; 5] = [Self::Middle, Self::Left, Self::Right, Self::Top, Self::Bottom];

    /// Returns whether an object is at the place.
    pub fn holds(self, object: &Object) -> bool {
        let [x, y] = object.centre.map(|at| at - SIDE as f32 / 2.0);
        let near = |d: f32| d.abs() <= NEAR_MIDDLE;
        match self {
            Self::Middle => near(x) && near(y),
            Self::Left => x < -NEAR_MIDDLE && near(y),
            Self::Right => x > NEAR_MIDDLE && near(y),
            Self::Top => y < -NEAR_MIDDLE && near(x),
            Self::Bottom => y > NEAR_MIDDLE && near(x),
        }
    }
}

/// The demands of a prompt. What it does not name is free, but no other objects than the named ones may be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The objects.
    pub things: Vec<Asked>,
    /// The relation of each object to the next; empty if that is free.
    pub relations: Vec<Relation>,
    /// The place of the first object; `None` if that is free.
    pub place: Option<Place>,
    /// The background; `None` if that is free.
    pub background: Option<Background>,
}

/// A part of a wish that a scene lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmet {
    /// The part.
    pub part: Part,
    /// The part in words that share words with the prompt.
    pub words: String,
}

/// A part of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// An object, by its index, that is not there at all.
    Missing(usize),
    /// An object, by its index, with a wrong shape, paint or extent.
    Wrong(usize),
    /// An object, by its index, that does not lie to the next as asked.
    Relation(usize),
    /// A first object that is not where it should be.
    Place,
    /// A background of another colour.
    Background,
    /// More objects than were asked for.
    TooMany,
}

impl Wish {
    /// Asks for everything about a scene. Relations are between each object and the next.
    pub fn of(scene: &Scene) -> Self {
        let relation = |pair: &[Object]| Relation::between(&pair[0], &pair[1]);
        let relations: Option<Vec<Relation>> = scene.objects.windows(2).map(relation).collect();
        Self {
            things: scene.objects.iter().map(Asked::of).collect(),
            relations: relations.unwrap_or_default(),
            place: None,
            background: Some(scene.background),
        }
    }

    /// Most of a scene.
    pub(super) fn mostly(scene: &Scene, dice: &mut Dice) -> Self {
        let whole = Self::of(scene);
        let alike = scene.pairs().any(|[a, b]| a.shape == b.shape);
        let things = if alike {
            whole.things
        } else {
            scene.objects.iter().map(|object| Asked::mostly(object, dice)).collect()
        };
        Self {
            things,
            relations: if dice.chance(RELATIONS_NAMED) { whole.relations } else { Vec::new() },
            background: whole.background.filter(|_| dice.chance(BACKGROUND_NAMED)),
            place: None,
        }
    }

    /// Finds everything that a scene lacks; empty if it is all that was asked for.
    pub fn unmet(&self, scene: &Scene) -> Vec<Unmet> {
        let mut parts = self.best(scene).parts;
        if self.background.is_some_and(|background| background != scene.background) {
            parts.push(Part::Background);
        }
        if scene.objects.len() > self.things.len() {
            parts.push(Part::TooMany);
        }
        parts.into_iter().map(|part| Unmet { part, words: self.part_words(part) }).collect()
    }

    /// Returns a part in words that share words with every prompt of this wish.
    pub fn part_words(&self, part: Part) -> String {
        let phrase = |at: usize| self.things.get(at).map_or_else(String::new, Asked::phrase);
        match part {
            Part::Missing(at) | Part::Wrong(at) => phrase(at),
            Part::Relation(at) => {
                let relation = self.relations.get(at).map_or("", |relation| relation.short());
                format!("{relation} the {}", name(&self.things, at + 1))
            }
            Part::Place => self.place.map_or_else(String::new, |place| place.words().into()),
            Part::Background => self.background.map_or("", Background::word).to_owned() + " background",
            Part::TooMany => {
                let things: Vec<String> = self.things.iter().map(|t| t.with_article(&t.phrase())).collect();
                format!("only {}", super::words::list(&things))
            }
        }
    }

    /// The reading with the least faults.
    pub(super) fn best(&self, scene: &Scene) -> Reading {
        self.best_after(scene, &mut Vec::new())
    }

    /// The reading with the least faults, of all that give the first things these objects.
    fn best_after(&self, scene: &Scene, chosen: &mut Vec<Option<usize>>) -> Reading {
        if chosen.len() == self.things.len() {
            return self.reading(scene, chosen);
        }
        let free = (0..scene.objects.len()).filter(|at| !chosen.contains(&Some(*at))).map(Some);
        let options: Vec<Option<usize>> = free.chain([None]).collect();
        let mut best: Option<Reading> = None;
        for option in options {
            chosen.push(option);
            let reading = self.best_after(scene, chosen);
            chosen.pop();
            if best.as_ref().is_none_or(|best| reading.cost < best.cost) {
                best = Some(reading);
            }
        }
        best.unwrap_or_default()
    }

    fn reading(&self, scene: &Scene, chosen: &[Option<usize>]) -> Reading {
        let mut reading = Reading { objects: chosen.to_vec(), ..Reading::default() };
        let chosen: Vec<Option<&Object>> = chosen.iter().map(|at| at.map(|at| &scene.objects[at])).collect();
        for (at, (thing, object)) in self.things.iter().zip(&chosen).enumerate() {
            match object.map(|object| thing.wrong(object)) {
                None => reading.add(Part::Missing(at), MISSING),
                Some(0) => {}
                Some(wrong) => reading.add(Part::Wrong(at), wrong),
            }
        }
        for (at, (relation, pair)) in self.relations.iter().zip(chosen.windows(2)).enumerate() {
            if let [Some(a), Some(b)] = pair
                && Relation::between(a, b) != Some(*relation)
            {
                reading.add(Part::Relation(at), 1);
            }
        }
        if let (Some(place), Some(Some(object))) = (self.place, chosen.first())
            && !place.holds(object)
        {
            reading.add(Part::Place, 1);
        }
        reading
    }
}

/// What is unmet if the objects are taken for the things in one way, and how much that is.
#[derive(Default)]
pub(super) struct Reading {
    /// The object that each thing is taken to be.
    pub(super) objects: Vec<Option<usize>>,
    parts: Vec<Part>,
    cost: usize,
}

impl Reading {
    fn add(&mut self, part: Part, cost: usize) {
        self.parts.push(part);
        self.cost += cost;
    }
}
