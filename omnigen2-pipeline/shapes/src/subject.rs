//! Drawings of objects that other pictures show.

use super::asked::Asked;
use super::caption::Style;
use super::dice::Dice;
use super::drawing::{Drawing, Goal};
use super::held_out::Novelty;
use super::sample;
use super::scene::{Background, Object, Scene};
use super::wish::{Place, Wish};

/// How often the object of the only picture stands alone, one of two pictures does, one stands beside a described
/// one, and beside that of a second picture, of 10.
const KINDS: [usize; 4] = [1, 2, 2, 5];
/// How far from the middle an object at a side of the picture is, in pixels.
const ASIDE: f32 = sample::AWAY / 2.0;

/// A drawing of the objects of one or two pictures.
pub(super) fn in_context(dice: &mut Dice) -> Drawing {
    let kind = dice.weighted(&KINDS);
    let Plan { scene, wish, pictured } = match kind {
        0 | 1 => alone(dice, kind),
        _ => together(dice, kind - 1),
    };
    let references = pictured.iter().map(|object| reference(dice, object)).collect();
    Drawing::new(wish.words(Style::random(dice)), scene, Goal::Wish(wish)).with_references(references)
}

/// A scene, what is asked, and the objects that are shown in pictures, by number.
struct Plan {
    scene: Scene,
    wish: Wish,
    pictured: Vec<Object>,
}

/// An object at a place, of the only picture or one beside so many others.
fn alone(dice: &mut Dice, others: usize) -> Plan {
    let mut scene = sample::scene_of(dice, 1, Novelty::NONE);
    let place = dice.of(Place::ALL);
    let [dx, dy] = match place {
        Place::Middle => [0.0, 0.0],
        Place::Left => [-ASIDE, 0.0],
        Place::Right => [ASIDE, 0.0],
        Place::Top => [0.0, -ASIDE],
        Place::Bottom => [0.0, ASIDE],
    };
    let object = &mut scene.objects[0];
    object.centre = [object.centre[0] + dx, object.centre[1] + dy];
    let mut pictured: Vec<Object> =
        (0..others).map(|_| sample::scene_of(dice, 1, Novelty::NONE).objects[0]).collect();
    let at = dice.below(others + 1);
    pictured.insert(at, *object);
    let things = vec![Asked::pictured(object, at + 1)];
    let wish = Wish { things, relations: Vec::new(), place: Some(place), background: Some(scene.background) };
    Plan { scene, wish, pictured }
}

/// Two objects of which so many are shown in pictures.
fn together(dice: &mut Dice, shown: usize) -> Plan {
    let scene = sample::scene_of(dice, 2, Novelty::NONE);
    let mut order = [0, 1];
    dice.shuffle(&mut order);
    let mut wish = Wish::of(&scene);
    let mut pictured = Vec::new();
    for which in order.into_iter().take(shown) {
        pictured.push(scene.objects[which]);
        wish.things[which] = Asked::pictured(&scene.objects[which], pictured.len());
    }
    Plan { scene, wish, pictured }
}

/// A picture of one object near its middle.
fn reference(dice: &mut Dice, object: &Object) -> Scene {
    let middle = sample::scene_of(dice, 1, Novelty::NONE).objects[0].centre;
    Scene { background: dice.of(Background::ALL), objects: vec![Object { centre: middle, ..*object }] }
}
