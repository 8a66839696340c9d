//! The edit that mends a picture.

use super::asked::Asked;
use super::edit::Edit;
use super::sample::AWAY;
use super::scene::{Colour, Extent, Object, Relation, Scene, Texture};
use super::wish::{Part, Unmet, Wish};
use super::words::Paint;

impl Wish {
    /// What the perfect critic answers: all that is right, or the first fault that an edit mends, as a line
    /// `UNMET: …` and a line `EDIT: …`. Where no edit mends a fault the second line is `EDIT: none`.
    pub fn answer(&self, scene: &Scene) -> String {
        let unmet = self.unmet(scene);
        let mended = unmet.iter().find_map(|unmet| Some((unmet, self.mend(scene, unmet)?)));
        match (mended, unmet.first()) {
            (Some((unmet, edit)), _) => format!("UNMET: {}\nEDIT: {}", unmet.words, edit.words(scene, 0)),
            (None, Some(unmet)) => format!("UNMET: {}\nEDIT: none", unmet.words),
            (None, None) => "UNMET: none\nEDIT: none".into(),
        }
    }

    /// The edit that gives the scene an unmet part; `None` if there is none, as for a missing object of which no
    /// relation is told.
    pub fn mend(&self, scene: &Scene, unmet: &Unmet) -> Option<Edit> {
        let objects = self.best(scene).objects;
        let object = |thing: usize| objects.get(thing).copied().flatten();
        match unmet.part {
            Part::Missing(at) => self.add(scene, &objects, at),
            Part::Wrong(at) => {
                let which = object(at)?;
                Some(turned_into(&self.things[at], &scene.objects[which], which))
            }
            Part::Relation(at) => Some(Edit::Swap { which: [object(at)?, object(at + 1)?] }),
            Part::Place => None,
            Part::Background => Some(Edit::Background(self.background?)),
            Part::TooMany => {
                let extra = (0..scene.objects.len()).find(|at| !objects.contains(&Some(*at)))?;
                Some(Edit::Remove { which: extra })
            }
        }
    }

    fn add(&self, scene: &Scene, objects: &[Option<usize>], at: usize) -> Option<Edit> {
        let after = self.relations.get(at).zip(objects.get(at + 1).copied().flatten());
        let before = || {
            let before = at.checked_sub(1)?;
            Some((self.relations.get(before)?.converse(), objects[before]?))
        };
        let (relation, anchor) = after.map(|(relation, anchor)| (*relation, anchor)).or_else(before)?;
        let asked = self.things[at];
        let [x, y] = scene.objects[anchor].centre;
        let centre = match relation {
            Relation::LeftOf => [x - AWAY, y],
            Relation::RightOf => [x + AWAY, y],
            Relation::Above => [x, y - AWAY],
            Relation::Below => [x, y + AWAY],
        };
        Some(Edit::Add { object: any(&asked, centre), asked, relation, anchor })
    }
}

/// An object as asked, plain red and small where that is free.
fn any(asked: &Asked, centre: [f32; 2]) -> Object {
    let Paint { colour, texture } =
        asked.paint.unwrap_or(Paint { colour: Colour::Red, texture: Texture::Plain });
    Object { shape: asked.shape, colour, extent: asked.extent.unwrap_or(Extent::Small), texture, centre }
}

/// The edit for the first of shape, paint and extent that is wrong.
fn turned_into(asked: &Asked, object: &Object, which: usize) -> Edit {
    let paint = asked.paint.filter(|paint| !paint.matches(Paint::of(object)));
    match (asked.shape == object.shape, paint, asked.extent) {
        (false, ..) => Edit::Replace { which, shape: asked.shape },
        (true, Some(paint), _) => Edit::Paint { which, paint },
        (true, None, extent) => Edit::Resize { which, extent: extent.unwrap_or(object.extent) },
    }
}
