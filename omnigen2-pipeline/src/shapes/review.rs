//! Right and wrong pictures of prompts, and what a critic says about them.

use image::RgbImage;

use super::caption::Style;
use super::change;
use super::dice::Dice;
use super::edit::Edit;
use super::held_out::{self, Novelty};
use super::sample;
use super::scene::{Background, Extent, Scene, Shape};
use super::wish::Wish;
use super::words::Paint;

/// How often each kind of fault is tried: paint, extent, shape, missing, too many, swapped, background.
const FAULTS: [usize; 7] = [4, 2, 3, 3, 2, 3, 2];
/// The most objects of a scene.
const MOST: usize = 3;
/// How many faults are tried on one scene.
const TRIES: usize = 8;

/// A picture that is right or wrong for an instruction, and what a critic says.
#[derive(Clone, Debug)]
pub struct Review {
    /// What was to be drawn.
    pub instruction: String,
    /// What was drawn.
    pub picture: RgbImage,
    /// What the picture shows.
    pub scene: Scene,
    /// What the instruction asks for.
    pub wish: Wish,
    /// Whether the picture is right.
    pub right: bool,
    /// One line `UNMET: …` and one line `EDIT: …`, both `none` if the picture is right.
    pub answer: String,
}

/// A picture that is right half of the time; a wrong one has one fault.
pub(super) fn random(dice: &mut Dice, kept: bool) -> Review {
    let right = dice.chance(0.5);
    loop {
        let scene = sample::scene(dice, Novelty::NONE);
        let wish = Wish::mostly(&scene, dice);
        let instruction = wish.words(Style::random(dice));
        if held_out::prompt(&instruction) != kept {
            continue;
        }
        let shown = match right {
            true => Some(scene),
            false => (0..TRIES).find_map(|_| spoilt(dice, &wish, &scene)),
        };
        if let Some(scene) = shown {
            let answer = wish.answer(&scene);
            return Review { instruction, picture: scene.render(), scene, wish, right, answer };
        }
    }
}

/// The scene with one fault that one edit mends.
fn spoilt(dice: &mut Dice, wish: &Wish, right: &Scene) -> Option<Scene> {
    let scene = spoil(dice, right)?;
    let unmet = wish.unmet(&scene);
    let [unmet] = unmet.as_slice() else { return None };
    let mended = wish.mend(&scene, unmet)?.apply(&scene);
    let sound = scene.fits() && scene.distinct() && !held_out::scene(&scene);
    (sound && wish.unmet(&mended).is_empty()).then_some(scene)
}

fn spoil(dice: &mut Dice, right: &Scene) -> Option<Scene> {
    let count = right.objects.len();
    let which = dice.below(count);
    let object = &right.objects[which];
    let edit = match dice.weighted(&FAULTS) {
        0 => Edit::Paint { which, paint: change::paint(dice, Paint::of(object)) },
        1 => Edit::Resize { which, extent: dice.other(Extent::ALL, object.extent) },
        2 => Edit::Replace { which, shape: dice.other(Shape::ALL, object.shape) },
        3 if count > 1 => Edit::Remove { which },
        4 => return too_many(dice, right),
        5 if count > 1 => Edit::Swap { which: [which, (which + 1) % count] },
        6 => Edit::Background(dice.other(Background::ALL, right.background)),
        _ => return None,
    };
    Some(edit.apply(right))
}

/// With an object more.
fn too_many(dice: &mut Dice, right: &Scene) -> Option<Scene> {
    let object = sample::object(dice);
    (right.objects.len() < MOST).then(|| sample::with_another(dice, right.clone(), object)).flatten()
}
