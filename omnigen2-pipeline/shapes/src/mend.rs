//! The edit that mends a picture.

use super::asked::Asked;
use super::edit::Edit;
use super::held_out;
use super::sample::AWAY;
use super::scene::{Colour, Extent, Object, Relation, Scene};
use super::wish::{Part, Unmet, Wish};
use super::words::Paint;

/// The most edits of one scene.
const MOST_EDITS: usize = 9;
/// What is said if nothing is amiss.
pub(super) const RIGHT: &str = "UNMET: none\nEDIT: none";

impl Wish {
    /// Returns the perfect critic's answer to an instruction that asks for this: a line `UNMET: …` for each fault and a
    /// line `EDIT: …` with the one edit that mends the scene or, if it takes several, the whole instruction; both
    /// `none` if nothing is amiss.
    pub fn answer(&self, instruction: &str, scene: &Scene) -> String {
        self.criticise(instruction, scene, &[]).map_or_else(|| RIGHT.into(), |criticism| criticism.answer)
    }

    /// What is amiss, where something that is no object stands at some places; `None` if nothing is.
    pub(super) fn criticise(
        &self,
        instruction: &str,
        scene: &Scene,
        places: &[[f32; 2]],
    ) -> Option<Criticism> {
        let mut unmet: Vec<String> = self.unmet(scene).into_iter().map(|unmet| unmet.words).collect();
        if unmet.is_empty() && !places.is_empty() {
            unmet.push(self.part_words(Part::TooMany));
        }
        if unmet.is_empty() {
            return None;
        }
        let (edits, mended) = self.mends(scene, places);
        let edit = match (edits.as_slice(), &mended) {
            ([edit], Some(_)) => edit.clone(),
            _ => format!("Change the picture to this: {}.", instruction.trim_end_matches('.')),
        };
        let unmet = unmet.into_iter().map(|part| format!("UNMET: {part}\n"));
        Some(Criticism { answer: unmet.chain([format!("EDIT: {edit}")]).collect(), mended })
    }

    /// The words of edits that mend a scene, one after the other, and what it becomes if they mend all of it.
    fn mends(&self, scene: &Scene, places: &[[f32; 2]]) -> (Vec<String>, Option<Scene>) {
        let (mut words, mut scene) = (Vec::new(), scene.clone());
        while words.len() < MOST_EDITS {
            let next = self.unmet(&scene).into_iter().find_map(|unmet| {
                let edit = self.mend_near(&scene, &unmet, places)?;
                edit.suits(&scene).then_some(edit)
            });
            let Some(edit) = next else { break };
            words.push(edit.words(&scene, 0));
            scene = edit.apply(&scene);
        }
        let mended = self.unmet(&scene).is_empty().then_some(scene);
        (words, mended)
    }

    /// Finds the edit that gives the scene an unmet part; `None` for a missing object that has no place.
    pub fn mend(&self, scene: &Scene, unmet: &Unmet) -> Option<Edit> {
        self.mend_near(scene, unmet, &[])
    }

    fn mend_near(&self, scene: &Scene, unmet: &Unmet, places: &[[f32; 2]]) -> Option<Edit> {
        let objects = self.best(scene).objects;
        let object = |thing: usize| objects.get(thing).copied().flatten();
        match unmet.part {
            Part::Missing(at) => {
                self.add_as_told(scene, &objects, at).or_else(|| self.add_anywhere(scene, at, places))
            }
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

    /// Beside the thing before or behind it, to which its relation is told.
    fn add_as_told(&self, scene: &Scene, objects: &[Option<usize>], at: usize) -> Option<Edit> {
        let after = self.relations.get(at).zip(objects.get(at + 1).copied().flatten());
        let before = || {
            let before = at.checked_sub(1)?;
            Some((self.relations.get(before)?.converse(), objects[before]?))
        };
        let (relation, anchor) = after.map(|(relation, anchor)| (*relation, anchor)).or_else(before)?;
        Some(add(scene, self.things[at], relation, anchor))
    }

    /// Beside any object where there is room, as near to one of some places as may be.
    fn add_anywhere(&self, scene: &Scene, at: usize, places: &[[f32; 2]]) -> Option<Edit> {
        if !self.relations.is_empty() {
            return None;
        }
        let anchors = 0..scene.objects.len();
        let edits = anchors
            .flat_map(|anchor| Relation::ALL.map(|relation| add(scene, self.things[at], relation, anchor)));
        let away = |edit: &Edit| {
            let Edit::Add { object, .. } = edit else { return 0.0 };
            let away = |[x, y]: &[f32; 2]| (object.centre[0] - x).hypot(object.centre[1] - y);
            places.iter().map(away).fold(f32::INFINITY, f32::min)
        };
        edits.filter(|edit| edit.suits(scene)).min_by(|a, b| away(a).total_cmp(&away(b)))
    }
}

/// What a perfect critic says about a wrong scene.
pub(super) struct Criticism {
    /// See [`Wish::answer`].
    pub(super) answer: String,
    /// What the scene becomes if it can be mended.
    pub(super) mended: Option<Scene>,
}

/// An object put beside another.
fn add(scene: &Scene, asked: Asked, relation: Relation, anchor: usize) -> Edit {
    let [x, y] = scene.objects[anchor].centre;
    let centre = match relation {
        Relation::LeftOf => [x - AWAY, y],
        Relation::RightOf => [x + AWAY, y],
        Relation::Above => [x, y - AWAY],
        Relation::Below => [x, y + AWAY],
    };
    Edit::Add { object: any(&asked, centre), asked, relation, anchor }
}

/// An object as asked, small and plain where that is free, in the first colour that is not held out.
pub(super) fn any(asked: &Asked, centre: [f32; 2]) -> Object {
    let seen = |colour: &Colour| !held_out::colour(*colour, asked.shape);
    let colour = Colour::ALL.into_iter().find(seen).unwrap_or(Colour::Red);
    let Paint { colour, texture } = asked.paint.unwrap_or(Paint::plain(colour));
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
