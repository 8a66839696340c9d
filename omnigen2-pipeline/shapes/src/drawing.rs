//! Examples of pictures to draw.

use image::RgbImage;

use super::caption::Style;
use super::change;
use super::dice::Dice;
use super::edit::{Edit, WORDINGS};
use super::held_out::{self, Novelty};
use super::judge;
use super::sample;
use super::scene::Scene;
use super::subject;
use super::wish::Wish;

/// How often an instruction ends without a period, as those read from critiques do.
const WITHOUT_PERIOD: f64 = 0.5;

/// What a picture is drawn from.
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

    /// Its name: text, edit or context.
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
    /// What to draw.
    pub prompt: String,
    /// The pictures given with the prompt.
    pub references: Vec<RgbImage>,
    /// What these show.
    pub reference_scenes: Vec<Scene>,
    /// A picture that is right. Others are too where the prompt leaves something free.
    pub target: RgbImage,
    /// What the target shows.
    pub scene: Scene,
    /// What makes a picture right.
    pub goal: Goal,
}

/// What makes a picture right.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// It shows all that is wished.
    Wish(Wish),
    /// It shows this scene after the edit.
    Edit {
        /// The scene before.
        before: Scene,
        /// The change.
        edit: Edit,
    },
}

impl Goal {
    /// What a scene lacks, in words; empty if it is right.
    pub fn unmet(&self, scene: &Scene) -> Vec<String> {
        match self {
            Self::Wish(wish) => wish.unmet(scene).into_iter().map(|unmet| unmet.words).collect(),
            Self::Edit { before, edit } => edit.unmet(before, scene),
        }
    }
}

/// Whether a picture is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether nothing is unmet.
    pub right: bool,
    /// What the picture lacks, or why it cannot be read.
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

/// A scene, what is asked of it, and in which words.
pub(super) struct Prompted {
    pub(super) scene: Scene,
    pub(super) wish: Wish,
    pub(super) prompt: String,
}

/// A prompt, kept for evaluation or not, for a scene that has just this novelty.
pub(super) fn prompted(dice: &mut Dice, novelty: Novelty, kept: bool) -> Prompted {
    loop {
        let scene = sample::scene(dice, novelty);
        let wish = match novelty {
            Novelty::NONE => Wish::mostly(&scene, dice),
            _ => Wish::of(&scene),
        };
        let prompt = wish.words(Style::random(dice));
        if held_out::prompt(&prompt) == kept {
            return Prompted { scene, wish, prompt };
        }
    }
}

/// A drawing from text whose scene has just this novelty. Its prompt is kept for evaluation or not.
pub(super) fn from_text(dice: &mut Dice, novelty: Novelty, kept: bool) -> Drawing {
    let Prompted { scene, wish, prompt } = prompted(dice, novelty, kept);
    Drawing::new(prompt, scene, Goal::Wish(wish))
}

/// A drawing of the task of which nothing is held out.
pub(super) fn of_task(dice: &mut Dice, task: Task, kept: bool) -> Drawing {
    match task {
        Task::TextToImage => from_text(dice, Novelty::NONE, kept),
        Task::Edit => edited(dice),
        Task::InContext => subject::in_context(dice),
    }
}

fn edited(dice: &mut Dice) -> Drawing {
    let change::Change { before, edit } = change::random(dice);
    let words = edit.words(&before, dice.below(WORDINGS));
    let bare = dice.chance(WITHOUT_PERIOD);
    let prompt = if bare { words.trim_end_matches('.').into() } else { words };
    let goal = Goal::Edit { before: before.clone(), edit: edit.clone() };
    Drawing::new(prompt, edit.apply(&before), goal).with_references(vec![before])
}
