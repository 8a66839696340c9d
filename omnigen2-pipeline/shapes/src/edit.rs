//! Edits of scenes, their instructions, and whether an edit was made.

use super::asked::{Asked, name};
use super::scene::{Background, Extent, Object, Relation, Scene, Shape, take};
use super::words::Paint;

/// The distance in pixels that things may move which an edit leaves alone.
pub const UNCHANGED_WITHIN: f32 = 3.0;
/// The distance in pixels that things may move which an edit changes.
pub const CHANGED_WITHIN: f32 = 4.0;
/// The number of wordings of each edit; the first is the one that critiques use.
pub const WORDINGS: usize = 3;

/// A change of a scene. Objects are named by their index in the scene.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Gives an object other colours or another texture.
    Paint {
        /// The object.
        which: usize,
        /// The new colours and texture.
        paint: Paint,
    },
    /// Makes an object large or small.
    Resize {
        /// The object.
        which: usize,
        /// The new size.
        extent: Extent,
    },
    /// Puts another shape in the place of an object, with its colours and size.
    Replace {
        /// The object.
        which: usize,
        /// The new shape.
        shape: Shape,
    },
    /// Takes an object away.
    Remove {
        /// The object.
        which: usize,
    },
    /// Puts a new object beside one.
    Add {
        /// The new one.
        object: Object,
        /// The wish for the new object, as far as it is named.
        asked: Asked,
        /// The relation of the new object to the other.
        relation: Relation,
        /// The other.
        anchor: usize,
    },
    /// Exchanges the places of two objects.
    Swap {
        /// The objects.
        which: [usize; 2],
    },
    /// Changes the background.
    Background(Background),
}

impl Edit {
    /// Returns the scene after the edit. Indices that it does not have are left alone.
    pub fn apply(&self, scene: &Scene) -> Scene {
        let mut scene = scene.clone();
        let objects = &mut scene.objects;
        match *self {
            Self::Paint { which, paint } => change(objects, which, |object| {
                (object.colour, object.texture) = (paint.colour, paint.texture);
            }),
            Self::Resize { which, extent } => change(objects, which, |object| object.extent = extent),
            Self::Replace { which, shape } => change(objects, which, |object| object.shape = shape),
            Self::Remove { which } => {
                if which < objects.len() {
                    objects.remove(which);
                }
            }
            Self::Add { object, .. } => objects.push(object),
            Self::Swap { which: [a, b] } => {
                if let (Some(first), Some(second)) = (objects.get(a).copied(), objects.get(b).copied()) {
                    objects[a].centre = second.centre;
                    objects[b].centre = first.centre;
                }
            }
            Self::Background(background) => scene.background = background,
        }
        scene
    }

    /// Returns the instruction, for a picture of this scene, in one of [`WORDINGS`] wordings.
    pub fn words(&self, scene: &Scene, wording: usize) -> String {
        let things = things(scene);
        let the = |which: usize| name(&things, which);
        let of = |wordings: [String; WORDINGS]| wordings[wording % WORDINGS].clone();
        match self {
            Self::Paint { which, paint } => match paint.noun() {
                None => of([
                    format!("Change the colour of the {} to {}.", the(*which), paint.colour.word()),
                    format!("Make the {} {}.", the(*which), paint.colour.word()),
                    format!("Turn the {} {}.", the(*which), paint.colour.word()),
                ]),
                Some(noun) => of([
                    format!("Give the {} {noun}.", the(*which)),
                    format!("Change the {} so that it is {}.", the(*which), paint.adjective()),
                    format!("Make the {} {}.", the(*which), paint.adjective()),
                ]),
            },
            Self::Resize { which, extent } => of([
                format!("Make the {} {}.", the(*which), extent.word()),
                format!("Change the size of the {} to {}.", the(*which), extent.word()),
                format!("Change the {} so that it is {}.", the(*which), extent.word()),
            ]),
            Self::Replace { which, shape } => of([
                format!("Replace the {} with a {}.", the(*which), shape.word()),
                format!("Turn the {} into a {}.", the(*which), shape.word()),
                format!("Change the {} to a {}.", the(*which), shape.word()),
            ]),
            Self::Remove { which } => of([
                format!("Remove the {}.", the(*which)),
                format!("Delete the {}.", the(*which)),
                format!("Take the {} away.", the(*which)),
            ]),
            Self::Add { asked, relation, anchor, .. } => {
                let (new, place) = (asked.phrase(), format!("{} the {}", relation.words(), the(*anchor)));
                of([
                    format!("Add a {new} {place}."),
                    format!("Put a {} {place}.", asked.trailing_phrase()),
                    format!("{}, add a {new}.", super::words::capital(&place)),
                ])
            }
            Self::Swap { which: [a, b] } => of([
                format!("Swap the {} and the {}.", the(*a), the(*b)),
                format!("Exchange the places of the {} and the {}.", the(*a), the(*b)),
                format!("Let the {} and the {} change places.", the(*a), the(*b)),
            ]),
            Self::Background(background) => of([
                format!("Change the background to {}.", background.word()),
                format!("Make the background {}.", background.word()),
                format!("Give the picture a {} background.", background.word()),
            ]),
        }
    }

    /// Returns in words what is wrong with `after` as the result of this edit of `before`; empty if the change
    /// was made and nothing else: objects left alone within [`UNCHANGED_WITHIN`] of their places, changed ones
    /// within [`CHANGED_WITHIN`]. An added object may be anywhere in its relation.
    pub fn unmet(&self, before: &Scene, after: &Scene) -> Vec<String> {
        let wanted = self.apply(before);
        let things = things(&wanted);
        let changed = self.changed(&wanted);
        let mut left = after.objects.clone();
        let mut unmet = Vec::new();
        let (touched, untouched): (Vec<usize>, Vec<usize>) =
            (0..things.len()).partition(|at| changed.contains(at));
        for at in untouched {
            if take(&mut left, &wanted.objects[at], UNCHANGED_WITHIN).is_none() {
                unmet.push(format!("{} as before", name(&things, at)));
            }
        }
        for at in touched {
            let object = &wanted.objects[at];
            let found = left.iter().position(|found| match self {
                Self::Add { asked, relation, anchor, .. } => {
                    let anchor = &wanted.objects[*anchor];
                    asked.wrong(found) == 0 && Relation::between(found, anchor) == Some(*relation)
                }
                _ => things[at].wrong(found) == 0 && found.distance(object) <= CHANGED_WITHIN,
            });
            match found {
                Some(found) => drop(left.swap_remove(found)),
                None => unmet.push(things[at].phrase()),
            }
        }
        if wanted.background != after.background {
            unmet.push(format!("{} background", wanted.background.word()));
        }
        unmet.extend(left.iter().map(|extra| format!("no {}", Asked::of(extra).phrase())));
        unmet
    }

    /// Returns whether the edit changes the scene, and to one whose objects fit and can be named.
    pub fn suits(&self, scene: &Scene) -> bool {
        let after = self.apply(scene);
        after != *scene && !after.objects.is_empty() && after.fits() && after.distinct()
    }

    /// The changed or new objects, by their index after the edit.
    fn changed(&self, after: &Scene) -> Vec<usize> {
        match self {
            Self::Paint { which, .. } | Self::Resize { which, .. } | Self::Replace { which, .. } => {
                vec![*which]
            }
            Self::Add { .. } => vec![after.objects.len() - 1],
            Self::Swap { which } => which.to_vec(),
            Self::Remove { .. } | Self::Background(_) => Vec::new(),
        }
    }
}

fn things(scene: &Scene) -> Vec<Asked> {
    scene.objects.iter().map(Asked::of).collect()
}

fn change(objects: &mut [Object], which: usize, with: impl FnOnce(&mut Object)) {
    if let Some(object) = objects.get_mut(which) {
        with(object);
    }
}
