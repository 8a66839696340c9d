//! Random scenes.

use super::dice::Dice;
use super::held_out::{self, Novelty};
use super::scene::{Background, Colour, Extent, Object, Relation, Scene, Shape, Texture};

/// How far in pixels the places of two neighbours are apart.
pub(super) const AWAY: f32 = 32.0;
/// Places of the objects of a picture, along one axis, in pixels.
pub(super) const MIDDLE: f32 = 32.0;
pub(super) const SIDES: [f32; 2] = [MIDDLE - AWAY / 2.0, MIDDLE + AWAY / 2.0];
/// The most pixels by which a place differs from these, along each axis.
const JITTER: f32 = 0.5;
/// How often a third object is tried to be put beside two.
const TRIES: usize = 8;
/// How often a scene has one, two and three objects, of 20.
const COUNTS: [usize; 3] = [5, 9, 6];
/// How often an object is plain, striped and two-tone, of 5.
const TEXTURES: [usize; 3] = [3, 1, 1];
/// How often all shapes of a scene differ at least.
const DIFFERENT_SHAPES: f64 = 0.75;

/// A scene with just this novelty.
pub(super) fn scene(dice: &mut Dice, novelty: Novelty) -> Scene {
    let count = 1 + dice.weighted(&COUNTS);
    scene_of(dice, count, novelty)
}

/// A scene of so many objects with just this novelty.
pub(super) fn scene_of(dice: &mut Dice, count: usize, novelty: Novelty) -> Scene {
    let count = if novelty.relation { count.clamp(2, 3) } else { count.clamp(1, 3) };
    loop {
        let different = dice.chance(DIFFERENT_SHAPES);
        let mut objects: Vec<Object> = (0..count).map(|_| object(dice)).collect();
        if novelty.colour {
            let which = dice.below(count);
            (objects[which].colour, objects[which].shape) = dice.of(held_out::COLOURS);
        }
        if different && (1..count).any(|j| (0..j).any(|i| objects[i].shape == objects[j].shape)) {
            continue;
        }
        let scene = Scene { background: dice.of(Background::ALL), objects };
        let own = |object: &Object| object.texture.second() != Some(object.colour);
        if !scene.distinct() || !scene.objects.iter().all(own) {
            continue;
        }
        let scene = place(dice, scene);
        if Novelty::of(&scene) == novelty {
            return scene;
        }
    }
}

/// An object of any kind, in the middle.
pub(super) fn object(dice: &mut Dice) -> Object {
    let colour = dice.of(Colour::ALL);
    Object {
        shape: dice.of(Shape::ALL),
        colour,
        extent: dice.of(Extent::ALL),
        texture: texture(dice, colour),
        centre: [MIDDLE; 2],
    }
}

/// A texture of an object of this colour.
pub(super) fn texture(dice: &mut Dice, colour: Colour) -> Texture {
    let second = dice.other(Colour::ALL, colour);
    [Texture::Plain, Texture::Striped(second), Texture::TwoTone(second)][dice.weighted(&TEXTURES)]
}

/// The scene with its objects put at places: one in the middle; two in a row or a column; three around a corner,
/// where the second object is.
fn place(dice: &mut Dice, mut scene: Scene) -> Scene {
    let places = anchors(dice, scene.objects.len());
    for (object, place) in scene.objects.iter_mut().zip(&places) {
        object.centre = place.map(|at| jittered(at, dice));
    }
    scene
}

/// The scene with one object more: a fourth in the corner that three leave free, and fewer at new places, the first
/// two to each other as before. `None` if there are no such places.
pub(super) fn with_another(dice: &mut Dice, mut scene: Scene, object: Object) -> Option<Scene> {
    if let [_, middle, _] = scene.objects.as_slice() {
        let centre = middle.centre.map(|at| jittered(2.0 * MIDDLE - at, dice));
        scene.objects.push(Object { centre, ..object });
        return scene.fits().then_some(scene);
    }
    let relation = |scene: &Scene| match scene.objects.as_slice() {
        [a, b, ..] => Relation::between(a, b),
        _ => None,
    };
    let before = relation(&scene);
    scene.objects.push(object);
    (0..TRIES)
        .map(|_| place(dice, scene.clone()))
        .find(|placed| before.is_none() || relation(placed) == before)
}

/// Near a place, on a grid of an eighth of a pixel so that numbers are short.
fn jittered(at: f32, dice: &mut Dice) -> f32 {
    ((at + dice.around() * JITTER) * 8.0).round() / 8.0
}

fn anchors(dice: &mut Dice, count: usize) -> Vec<[f32; 2]> {
    let mut places = match count {
        1 => return vec![[MIDDLE; 2]],
        2 => SIDES.map(|x| [x, MIDDLE]).to_vec(),
        _ => {
            let [x, y] = [dice.of(SIDES), dice.of(SIDES)];
            vec![[2.0 * MIDDLE - x, y], [x, y], [x, 2.0 * MIDDLE - y]]
        }
    };
    if dice.chance(0.5) {
        places.iter_mut().for_each(|place| place.reverse());
    }
    if dice.chance(0.5) {
        places.reverse();
    }
    places
}
