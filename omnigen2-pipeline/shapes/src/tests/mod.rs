mod damage;
mod examples;
mod judging;
mod wishes;

use super::{Examples, Novelty, Scene, Task, novel_cases};

/// Scenes of all kinds, with and without novelties.
fn scenes(count: u64) -> impl Iterator<Item = Scene> {
    let usual = (0..count).map(|index| Examples::evaluation(3).scene(index));
    let contexts = (0..count / 4).map(|index| Examples::training(4).drawing(Task::InContext, index).scene);
    let novel = [Novelty::COLOUR, Novelty::TEXTURE, Novelty::RELATION]
        .into_iter()
        .flat_map(move |novelty| novel_cases(novelty, count / 6, 5).map(|drawing| drawing.scene));
    usual.chain(contexts).chain(novel)
}
