//! Descriptions of pictures.

use std::cmp::Ordering;

use super::caption::{Form, Style, TexturePlace};
use super::dice::Dice;
use super::held_out::{self, Novelty};
use super::sample;
use super::scene::{Object, Scene};
use super::talk::Talk;
use super::wish::Wish;

/// What is asked.
const ASKED: &str = "What does the picture show?";
/// Where in pixels the rows begin that objects are read in.
const ROWS: [f32; 2] = [26.0, 38.0];

/// A picture and the one description that says everything about it, row by row and from the left.
pub(super) fn random(dice: &mut Dice) -> Talk {
    loop {
        let mut scene = sample::scene(dice, Novelty::NONE);
        let picture = scene.render();
        let answer = describe(&mut scene);
        if !held_out::prompt(&answer) {
            return Talk { question: ASKED.into(), pictures: vec![picture], answer };
        }
    }
}

fn describe(scene: &mut Scene) -> String {
    scene.objects.sort_by(reading_order);
    Wish::of(scene).words(Style { form: Form::Terse, texture: TexturePlace::Before })
}

fn reading_order(a: &Object, b: &Object) -> Ordering {
    let row = |object: &Object| ROWS.iter().filter(|begin| object.centre[1] >= **begin).count();
    row(a).cmp(&row(b)).then(a.centre[0].total_cmp(&b.centre[0]))
}
