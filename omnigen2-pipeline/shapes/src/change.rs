//! Random edits of random scenes.

use super::asked::Asked;
use super::dice::Dice;
use super::edit::Edit;
use super::held_out::{self, Novelty};
use super::sample;
use super::scene::{Background, Extent, Relation, Scene, Shape};
use super::words::Paint;

/// How often each kind of edit is drawn: paint, resize, replace, remove, add, swap, background.
const KINDS: [usize; 7] = [4, 2, 3, 3, 4, 2, 3];

/// A scene and an edit of it.
pub(super) struct Change {
    pub(super) before: Scene,
    pub(super) edit: Edit,
}

/// A random edit of which neither scene is held out.
pub(super) fn random(dice: &mut Dice) -> Change {
    loop {
        let kind = dice.weighted(&KINDS);
        let change = match kind {
            4 => added(dice),
            _ => {
                let count = if matches!(kind, 3 | 5) { 2 + dice.below(2) } else { 1 + dice.below(3) };
                let before = sample::scene_of(dice, count, Novelty::NONE);
                Some(Change { edit: of_kind(dice, kind, &before), before })
            }
        };
        if let Some(change) = change
            && change.edit.suits(&change.before)
            && ![&change.before, &change.edit.apply(&change.before)].into_iter().any(held_out::scene)
        {
            return change;
        }
    }
}

/// Another paint than that of an object: another colour half of the time, else any other.
pub(super) fn paint(dice: &mut Dice, not: Paint) -> Paint {
    loop {
        let object = sample::object(dice);
        let paint = if dice.chance(0.5) { Paint::plain(object.colour) } else { Paint::of(&object) };
        if !paint.matches(not) {
            return paint;
        }
    }
}

fn of_kind(dice: &mut Dice, kind: usize, scene: &Scene) -> Edit {
    let count = scene.objects.len();
    let which = dice.below(count);
    let object = &scene.objects[which];
    match kind {
        0 => Edit::Paint { which, paint: paint(dice, Paint::of(object)) },
        1 => Edit::Resize { which, extent: dice.other(Extent::ALL, object.extent) },
        2 => Edit::Replace { which, shape: dice.other(Shape::ALL, object.shape) },
        3 => Edit::Remove { which },
        5 => Edit::Swap { which: [which, (which + 1 + dice.below(count - 1)) % count] },
        _ => Edit::Background(dice.other(Background::ALL, scene.background)),
    }
}

/// An object of a scene put back after it was taken away.
fn added(dice: &mut Dice) -> Option<Change> {
    let count = 2 + dice.below(2);
    let mut whole = sample::scene_of(dice, count, Novelty::NONE);
    let which = if whole.objects.len() == 2 { 1 } else { dice.below(whole.objects.len()) };
    let object = whole.objects.remove(which);
    // A neighbour: the one before or the one after, which has taken its index.
    let anchor = if dice.chance(0.5) { which.checked_sub(1)? } else { which };
    let relation = Relation::between(&object, whole.objects.get(anchor)?)?;
    let edit = Edit::Add { object, asked: Asked::mostly(&object, dice), relation, anchor };
    Some(Change { before: whole, edit })
}
