//! Random drawings of every task.

use super::caption::Style;
use super::change;
use super::dice::Dice;
use super::drawing::{Drawing, Goal, Task};
use super::edit::WORDINGS;
use super::held_out::{self, Novelty};
use super::sample;
use super::scene::Scene;
use super::subject;
use super::wish::Wish;

/// How often an instruction ends without a period, as those read from critiques do.
const WITHOUT_PERIOD: f64 = 0.5;

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
