//! What is to be said about any picture of a wish, and what becomes of it.

use image::RgbImage;

use super::judge::{self, Illegible, InPart};
use super::mend::{Criticism, RIGHT, any};
use super::sample::{MIDDLE, SIDES};
use super::scene::{Background, Scene};
use super::wish::Wish;

/// The opinion of a perfect critic on a picture that a network drew.
#[derive(Clone, Debug, PartialEq)]
pub struct Appraisal {
    /// The part of the picture that can be read.
    pub scene: Scene,
    /// The critic's answer, as [`Wish::answer`] but of what is no object too.
    pub answer: String,
    /// The scene after the edit of the answer; none if the picture is right or cannot be mended.
    pub mended: Option<Scene>,
}

impl Wish {
    /// Looks at a picture, drawn by an instruction that asks for this, that may show what is no object. None, if it
    /// cannot be read even in part.
    pub fn appraise(&self, instruction: &str, picture: &RgbImage) -> Option<Appraisal> {
        let InPart { scene, illegible } = judge::read_in_part(picture).ok()?;
        let places: Vec<[f32; 2]> = illegible.iter().filter_map(Illegible::centre).collect();
        let (answer, mended) = match self.criticise(instruction, &scene, &places) {
            None => (RIGHT.into(), None),
            Some(Criticism { answer, mended }) => {
                (answer, mended.or_else(|| self.laid_out(scene.background)).filter(Scene::fits))
            }
        };
        Some(Appraisal { scene, answer, mended })
    }

    /// One thing in the middle, or two beside each other where nothing is told of how they lie.
    fn laid_out(&self, background: Background) -> Option<Scene> {
        let objects = match self.things.as_slice() {
            [one] => vec![any(one, [MIDDLE; 2])],
            [a, b] if self.relations.is_empty() => {
                vec![any(a, [SIDES[0], MIDDLE]), any(b, [SIDES[1], MIDDLE])]
            }
            _ => return None,
        };
        Some(Scene { background: self.background.unwrap_or(background), objects })
    }
}
