//! Examples of pictures to draw.

use image::RgbImage;

use super::edit::Edit;
use super::judge;
use super::scene::Scene;
use super::wish::Wish;

/// The kind of input that a picture is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// A prompt.
    TextToImage,
    /// A picture and an instruction to change it.
    Edit,
    /// Pictures of objects, and a prompt that names them by the numbers of their pictures.
    InContext,
}

impl Task {
    /// All tasks.
    pub const ALL: [Self; 3] = [Self::TextToImage, Self::Edit, Self::InContext];

    /// Returns the name of the task: text, edit or context.
    pub fn word(self) -> &'static str {
        match self {
            Self::TextToImage => "text",
            Self::Edit => "edit",
            Self::InContext => "context",
        }
    }
}

/// A prompt, the pictures given with it, and the picture to draw.
#[derive(Clone, Debug)]
pub struct Drawing {
    /// The instruction to draw by.
    pub prompt: String,
    /// The pictures given with the prompt.
    pub references: Vec<RgbImage>,
    /// The scenes that the references show.
    pub reference_scenes: Vec<Scene>,
    /// A picture that is right. Others are too where the prompt leaves something free.
    pub target: RgbImage,
    /// The scene that the target shows.
    pub scene: Scene,
    /// The condition under which a picture is right.
    pub goal: Goal,
}

/// The condition under which a picture is right.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// A picture that shows all that is wished.
    Wish(Wish),
    /// A picture that shows a scene after an edit.
    Edit {
        /// The scene before.
        before: Scene,
        /// The change.
        edit: Edit,
    },
}

impl Goal {
    /// Returns in words what a scene lacks; empty if it is right.
    pub fn unmet(&self, scene: &Scene) -> Vec<String> {
        match self {
            Self::Wish(wish) => wish.unmet(scene).into_iter().map(|unmet| unmet.words).collect(),
            Self::Edit { before, edit } => edit.unmet(before, scene),
        }
    }
}

/// The judgement whether a picture is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The verdict: true if nothing is unmet.
    pub right: bool,
    /// The parts that the picture lacks, or why it cannot be read.
    pub unmet: Vec<String>,
}

impl Drawing {
    /// Reads a picture of any size as an answer to this prompt.
    pub fn judge(&self, picture: &RgbImage) -> Verdict {
        let unmet = match judge::read(picture) {
            Ok(scene) => self.goal.unmet(&scene),
            Err(illegible) => vec![illegible.to_string()],
        };
        Verdict { right: unmet.is_empty(), unmet }
    }

    pub(super) fn new(prompt: String, scene: Scene, goal: Goal) -> Self {
        let target = scene.render();
        Self { prompt, references: Vec::new(), reference_scenes: Vec::new(), target, scene, goal }
    }

    pub(super) fn with_references(self, reference_scenes: Vec<Scene>) -> Self {
        Self { references: reference_scenes.iter().map(Scene::render).collect(), reference_scenes, ..self }
    }
}
