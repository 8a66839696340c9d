//! Random scenes.

use super::dice::Dice;
use super::held_out::{self, Novelty};
use super::scene::{Background, Colour, Extent, Object, Relation, Scene, Shape, Texture};

/// Places of the objects of a picture, along one axis, in pixels.
const MIDDLE: f32 = 32.0;
const TWO: [f32; 2] = [20.0, 44.0];
const THREE: [f32; 3] = [11.0, 32.0, 53.0];
/// The most pixels by which a place differs from these, along each axis.
const JITTER: f32 = 2.5;
/// How much smaller the jitter of the next try is where objects come too near each other.
const CALMER: f32 = 0.85;
/// Jitter in pixels that the grid of places rounds to none, with which any objects fit.
const LEAST_JITTER: f32 = 0.06;
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

/// The scene with its objects put at places: one in the middle; two in a row or a column; three in a row, a column
/// or around a corner, where the second object is.
fn place(dice: &mut Dice, mut scene: Scene) -> Scene {
    let places = anchors(dice, scene.objects.len());
    let mut jitter = JITTER;
    loop {
        for (object, place) in scene.objects.iter_mut().zip(&places) {
            object.centre = place.map(|at| jittered(at, dice, jitter));
        }
        if scene.fits() || jitter < LEAST_JITTER {
            return scene;
        }
        jitter *= CALMER;
    }
}

/// The scene with the last object put beside another; `None` if there is no room.
pub(super) fn beside(dice: &mut Dice, mut scene: Scene, relation: Relation) -> Option<Scene> {
    let (added, anchor) = match scene.objects.as_mut_slice() {
        [anchor, added] => (added, *anchor),
        _ => return None,
    };
    let away = THREE[1] - THREE[0];
    let [dx, dy] = match relation {
        Relation::LeftOf => [-away, 0.0],
        Relation::RightOf => [away, 0.0],
        Relation::Above => [0.0, -away],
        Relation::Below => [0.0, away],
    };
    added.centre =
        [anchor.centre[0] + dx, anchor.centre[1] + dy].map(|at| jittered(at, dice, 1.0).clamp(11.0, 53.0));
    scene.fits().then_some(scene)
}

/// The scene with the last object put at any place where there is room; `None` if there is none.
pub(super) fn among(dice: &mut Dice, mut scene: Scene) -> Option<Scene> {
    let mut places: Vec<[f32; 2]> = THREE.iter().flat_map(|&x| THREE.map(|y| [x, y])).collect();
    dice.shuffle(&mut places);
    for place in places {
        scene.objects.last_mut()?.centre = place.map(|at| jittered(at, dice, 1.0));
        if scene.fits() {
            return Some(scene);
        }
    }
    None
}

/// Near a place, on a grid of an eighth of a pixel so that numbers are short.
fn jittered(at: f32, dice: &mut Dice, most: f32) -> f32 {
    ((at + dice.around() * most) * 8.0).round() / 8.0
}

fn anchors(dice: &mut Dice, count: usize) -> Vec<[f32; 2]> {
    let mut places = match count {
        1 => return vec![[MIDDLE; 2]],
        2 => TWO.map(|x| [x, MIDDLE]).to_vec(),
        _ if dice.chance(0.5) => THREE.map(|x| [x, MIDDLE]).to_vec(),
        _ => {
            let [x, y] = [dice.of(TWO), dice.of(TWO)];
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
