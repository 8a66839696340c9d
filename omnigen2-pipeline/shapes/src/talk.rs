//! Questions about pictures, each with one right answer.

use image::RgbImage;

use super::asked::{Asked, name};
use super::dice::Dice;
use super::held_out::{self, Novelty};
use super::sample;
use super::scene::{Colour, Object, Relation, SIDE, Scene, Shape};
use super::words::Paint;

const NUMBERS: [&str; 4] = ["zero", "one", "two", "three"];
/// How often each number is asked for.
const NUMBERS_ASKED: [usize; 4] = [2, 2, 2, 1];
/// How often it is not asked how plain objects are painted, so that about a third of the answers are plain.
const PLAIN_LEFT_OUT: f64 = 0.8;

/// How often a question to learn from is about sides or relations, beside those that are by chance.
const LATERAL: f64 = 0.5;
/// How often a wrong relation to learn from is the converse of the right one.
const CONVERSE: f64 = 0.75;
/// The least distance in pixels from the middle at which an object is on a side.
const ASIDE: f32 = 8.0;

/// A question about a picture.
#[derive(Clone, Debug)]
pub struct Talk {
    /// The question.
    pub question: String,
    /// The pictures it is about: one.
    pub pictures: Vec<RgbImage>,
    /// The only right answer, in lower case and without a period.
    pub answer: String,
}

/// A kind of question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    Colour,
    Background,
    Count,
    CountShape,
    Presence,
    Neighbour,
    Related,
    Texture,
    Size,
    Shape,
    Side,
}

/// What is asked, and the answer where it is chosen first.
#[derive(Clone, Copy)]
struct Aim {
    topic: Topic,
    yes: bool,
    number: usize,
    /// Whether a wrong relation is the converse of the right one.
    converse: bool,
}

const TOPICS: [Topic; 10] = [
    Topic::Colour,
    Topic::Background,
    Topic::Count,
    Topic::CountShape,
    Topic::Presence,
    Topic::Neighbour,
    Topic::Related,
    Topic::Texture,
    Topic::Size,
    Topic::Shape,
];

/// A random question; its picture shows and its words name nothing that is held out. To learn from, sides and relations
/// come more often: they are the hardest to see, and critics need them.
pub(super) fn random(dice: &mut Dice, to_learn: bool) -> Talk {
    // Chosen before the scene, so that no answer is rarer because fewer scenes have it.
    let topic = if to_learn && dice.chance(LATERAL) {
        dice.of([Topic::Side, Topic::Related])
    } else {
        dice.of(TOPICS)
    };
    let (yes, number) = (dice.chance(0.5), dice.weighted(&NUMBERS_ASKED));
    let aim = Aim { topic, yes, number, converse: to_learn && dice.chance(CONVERSE) };
    loop {
        let scene = match aim.topic {
            Topic::Count => sample::scene_of(dice, aim.number.max(1), Novelty::NONE),
            _ => sample::scene(dice, Novelty::NONE),
        };
        if let Some(Said { question, answer }) = ask(dice, aim, &scene) {
            return Talk { question, pictures: vec![scene.render()], answer };
        }
    }
}

struct Said {
    question: String,
    answer: String,
}

impl Said {
    fn new(question: String, answer: impl Into<String>) -> Self {
        Self { question, answer: answer.into() }
    }

    fn yes_or_no(question: String, yes: bool) -> Self {
        Self::new(question, if yes { "yes" } else { "no" })
    }
}

/// `None` if the scene has no such question.
fn ask(dice: &mut Dice, aim: Aim, scene: &Scene) -> Option<Said> {
    let things: Vec<Asked> = scene.objects.iter().map(Asked::of).collect();
    let which = dice.below(things.len());
    let object = &scene.objects[which];
    let the = name(&things, which);
    Some(match aim.topic {
        Topic::Colour => {
            // Its name must not give the answer away.
            let alone = scene.objects.iter().filter(|other| other.shape == object.shape).count() == 1;
            let question = format!("What colour is the {}?", object.shape.word());
            alone.then(|| Said::new(question, Paint::of(object).colour_words()))?
        }
        Topic::Background => Said::new("What colour is the background?".into(), scene.background.word()),
        Topic::Count => Said::new("How many objects are there?".into(), *NUMBERS.get(scene.objects.len())?),
        Topic::CountShape => count(dice, aim.number, scene)?,
        Topic::Presence => presence(dice, aim.yes, scene)?,
        Topic::Neighbour => neighbour(dice, scene, which)?,
        Topic::Related => {
            let other = (which + 1) % things.len();
            let actual = Relation::between(object, scene.objects.get(other).filter(|_| other != which)?)?;
            let relation = match (aim.yes, aim.converse) {
                (true, _) => actual,
                (false, true) => actual.converse(),
                (false, false) => dice.other(Relation::ALL, actual),
            };
            let shapes = [object.shape, scene.objects[other].shape];
            if held_out::relation_of(shapes, relation) || !clear(object, &scene.objects[other]) {
                return None;
            }
            let question = format!("Is the {the} {} the {}?", relation.words(), name(&things, other));
            Said::yes_or_no(question, aim.yes)
        }
        Topic::Side => {
            let [x, y] = object.centre.map(|at| at - SIDE as f32 / 2.0);
            let upright = y.abs() >= ASIDE && (x.abs() < ASIDE || dice.chance(0.5));
            let along = if upright { y } else { x };
            let (question, sides) = if upright {
                ("at the top or at the bottom", ["top", "bottom"])
            } else {
                ("on the left or on the right", ["left", "right"])
            };
            let side = sides[usize::from(along > 0.0)];
            (along.abs() >= ASIDE).then(|| Said::new(format!("Is the {the} {question}?"), side))?
        }
        Topic::Texture => {
            if object.texture.second().is_none() && dice.chance(PLAIN_LEFT_OUT) {
                return None;
            }
            if the.contains(" and ") {
                return None;
            }
            Said::new(format!("Is the {the} plain, striped or two-tone?"), object.texture.word())
        }
        Topic::Size => {
            if the.contains(object.extent.word()) {
                return None;
            }
            Said::new(format!("Is the {the} large or small?"), object.extent.word())
        }
        Topic::Shape => {
            let paint = Paint::of(object);
            let others = scene.objects.iter().enumerate().filter(|(at, _)| *at != which);
            let own = others.into_iter().all(|(_, other)| {
                Paint::of(other).colours().all(|colour| paint.colours().all(|own| own != colour))
            });
            let question = format!("What shape is the {} object?", paint.adjective());
            own.then(|| Said::new(question, object.shape.word()))?
        }
    })
}

/// How many there are of a shape of which there are so many.
fn count(dice: &mut Dice, number: usize, scene: &Scene) -> Option<Said> {
    let of = |shape: Shape| scene.objects.iter().filter(|object| object.shape == shape).count();
    let shapes: Vec<Shape> = Shape::ALL.into_iter().filter(|shape| of(*shape) == number).collect();
    let shape = dice.pick(&shapes)?;
    Some(Said::new(format!("How many {} are there?", shape.plural()), NUMBERS[number]))
}

/// Whether there is a thing of a shape, or of a shape and paint. What is not there shares no colour with the things
/// of its shape.
fn presence(dice: &mut Dice, yes: bool, scene: &Scene) -> Option<Said> {
    let painted = dice.chance(0.7);
    let object = &scene.objects[dice.below(scene.objects.len())];
    let (shape, paint) = match (yes, painted) {
        (true, _) => (object.shape, Paint::of(object)),
        // Near misses: the shape is there in another colour, or the colour on another shape.
        (false, true) if dice.chance(0.5) => (object.shape, Paint::plain(dice.of(Colour::ALL))),
        (false, _) => (dice.other(Shape::ALL, object.shape), Paint::of(object)),
    };
    let alike = |other: &Object| {
        other.shape == shape
            && (!painted || Paint::of(other).colours().any(|a| paint.colours().any(|b| a == b)))
    };
    let new = paint.colours().any(|colour| held_out::colour(colour, shape))
        || held_out::texture(paint.texture, shape);
    if scene.objects.iter().any(alike) != yes || (painted && new) {
        return None;
    }
    let asked = Asked { shape, paint: painted.then_some(paint), extent: None, image: None };
    Some(Said::yes_or_no(format!("Is there a {}?", asked.phrase()), yes))
}

/// What lies on one side of an object, if just one thing may be said to.
fn neighbour(dice: &mut Dice, scene: &Scene, which: usize) -> Option<Said> {
    let things: Vec<Asked> = scene.objects.iter().map(Asked::of).collect();
    let anchor = &scene.objects[which];
    let others = || scene.objects.iter().enumerate().filter(|(at, _)| *at != which);
    if !others().all(|(_, other)| clear(other, anchor)) {
        return None;
    }
    let relation = dice.of(Relation::ALL);
    let mut there =
        others().filter(|(_, other)| Relation::between(other, anchor) == Some(relation)).map(|(at, _)| at);
    let (Some(at), None) = (there.next(), there.next()) else { return None };
    let the = name(&things, which);
    let thing = &things[at];
    Some(Said::new(format!("What is {} the {the}?", relation.words()), thing.with_article(&thing.phrase())))
}

/// Whether two objects lie so that nobody would argue about their relation.
fn clear(a: &Object, b: &Object) -> bool {
    let [dx, dy] = [a.centre[0] - b.centre[0], a.centre[1] - b.centre[1]].map(f32::abs);
    dx.max(dy) > 2.0 * dx.min(dy)
}
