//! Right and wrong pictures of prompts, and what a critic says about them.

use image::RgbImage;

use super::change;
use super::dice::Dice;
use super::edit::Edit;
use super::held_out::{self, Novelty};
use super::mend::Criticism;
use super::sample;
use super::scene::{Background, Extent, Scene, Shape};
use super::tasks::{Prompted, prompted};
use super::wish::Wish;
use super::words::Paint;

/// How often each kind of fault is tried: paint, extent, shape, missing, too many, swapped, background.
const FAULTS: [usize; 7] = [4, 2, 3, 3, 2, 3, 2];
/// The same for training: what is swapped is the hardest to see.
const FAULTS_TO_LEARN: [usize; 7] = [4, 2, 3, 3, 2, 16, 2];
/// The same for pictures with several faults: what networks draw too much is often one more object.
const FAULTS_OF_BOTCHES: [usize; 7] = [4, 2, 3, 3, 10, 2, 2];
/// The most objects of a scene with one fault.
const MOST: usize = 3;
/// How often a scene with several faults is spoilt once, twice and three times, of 10.
const SEVERAL: [usize; 3] = [4, 4, 2];
/// How many faults are tried on one scene.
const TRIES: usize = 8;

/// A picture that is right or wrong for an instruction, and what a critic says.
#[derive(Clone, Debug)]
pub struct Review {
    /// The instruction that was drawn by.
    pub instruction: String,
    /// The picture that was drawn.
    pub picture: RgbImage,
    /// The scene that the picture shows.
    pub scene: Scene,
    /// The wish of the instruction.
    pub wish: Wish,
    /// The verdict: true if the picture is right.
    pub right: bool,
    /// One line `UNMET: …` and one line `EDIT: …`, both `none` if the picture is right.
    pub answer: String,
}

/// A picture that is right half of the time; a wrong one has one fault.
pub(super) fn random(dice: &mut Dice, kept: bool) -> Review {
    let right = dice.chance(0.5);
    let faults = if kept { FAULTS } else { FAULTS_TO_LEARN };
    loop {
        let Prompted { scene, wish, prompt: instruction } = prompted(dice, Novelty::NONE, kept);
        let shown =
            if right { Some(scene) } else { (0..TRIES).find_map(|_| spoilt(dice, &faults, &wish, &scene)) };
        if let Some(scene) = shown {
            let answer = wish.answer(&instruction, &scene);
            return Review { instruction, picture: scene.render(), scene, wish, right, answer };
        }
    }
}

/// A wrong picture, and what mends it.
#[derive(Clone, Debug)]
pub struct Botch {
    /// The wrong picture and a critic's answer.
    pub review: Review,
    /// The scene that comes of the edit that the critic asks for.
    pub mended: Scene,
}

/// A picture with up to three faults or objects more.
pub(super) fn botched(dice: &mut Dice) -> Botch {
    loop {
        let Prompted { scene: right, wish, prompt: instruction } = prompted(dice, Novelty::NONE, false);
        let times = 1 + dice.weighted(&SEVERAL);
        let spoilt = (0..times).try_fold(right, |scene, _| spoil(dice, &FAULTS_OF_BOTCHES, MOST + 1, &scene));
        let Some(scene) = spoilt.filter(is_sound) else { continue };
        if let Some(Criticism { answer, mended: Some(mended) }) = wish.criticise(&instruction, &scene, &[])
            && is_sound(&mended)
        {
            let review = Review { instruction, picture: scene.render(), scene, wish, right: false, answer };
            return Botch { review, mended };
        }
    }
}

fn is_sound(scene: &Scene) -> bool {
    scene.fits() && scene.distinct() && !held_out::scene(scene)
}

/// The scene with one fault that one edit mends.
fn spoilt(dice: &mut Dice, faults: &[usize], wish: &Wish, right: &Scene) -> Option<Scene> {
    let scene = spoil(dice, faults, MOST, right)?;
    let unmet = wish.unmet(&scene);
    let [unmet] = unmet.as_slice() else { return None };
    let mended = wish.mend(&scene, unmet)?.apply(&scene);
    (is_sound(&scene) && wish.unmet(&mended).is_empty()).then_some(scene)
}

fn spoil(dice: &mut Dice, faults: &[usize], most: usize, right: &Scene) -> Option<Scene> {
    let count = right.objects.len();
    let which = dice.below(count);
    let object = &right.objects[which];
    let edit = match dice.weighted(faults) {
        0 => Edit::Paint { which, paint: change::paint(dice, Paint::of(object)) },
        1 => Edit::Resize { which, extent: dice.other(Extent::ALL, object.extent) },
        2 => Edit::Replace { which, shape: dice.other(Shape::ALL, object.shape) },
        3 if count > 1 => Edit::Remove { which },
        4 => return too_many(dice, most, right),
        5 if count > 1 => Edit::Swap { which: [which, (which + 1) % count] },
        6 => Edit::Background(dice.other(Background::ALL, right.background)),
        _ => return None,
    };
    Some(edit.apply(right))
}

/// With an object more.
fn too_many(dice: &mut Dice, most: usize, right: &Scene) -> Option<Scene> {
    let object = sample::object(dice);
    (right.objects.len() < most).then(|| sample::with_another(dice, right.clone(), object)).flatten()
}
