//! Examples are right, varied, and show nothing that is held out.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Botch, Drawing, Examples, Goal, MOST_WORDS, Novelty, Relation, Scene, Task, cases, corpus, held_out,
    judge, novel_cases, vocabulary,
};
use omnigen2_pipeline::Critique;

fn drawings(count: u64) -> impl Iterator<Item = Drawing> {
    let training = Examples::training(1);
    (0..count).flat_map(move |index| Task::ALL.map(|task| training.drawing(task, index)))
}

/// Every scene that training shows in so many examples of each kind.
fn shown(count: u64) -> Vec<Scene> {
    let training = Examples::training(2);
    let reviews = (0..count).map(|index| training.review(index).scene);
    let drawn =
        drawings(count).flat_map(|drawing| drawing.reference_scenes.into_iter().chain([drawing.scene]));
    drawn.chain(reviews).chain((0..count).map(|index| training.scene(index))).collect()
}

#[test]
fn examples_are_functions_of_seed_and_index() {
    let [one, other] = [Examples::training(1), Examples::training(2)];
    let prompts = |examples: Examples| -> Vec<String> {
        (0..40).map(|index| examples.drawing(Task::TextToImage, index).prompt).collect()
    };
    assert_eq!(prompts(one), prompts(one));
    assert_ne!(prompts(one), prompts(other));
    assert!(prompts(one).into_iter().collect::<BTreeSet<_>>().len() > 35);
    assert_eq!(one.talk(5).question, one.talk(5).question);
    assert_eq!(one.review(5).picture, one.review(5).picture);
    assert_ne!(one.scene(6), one.scene(7));
}

#[test]
fn targets_are_right_and_what_they_were_made_from_is_not() {
    for drawing in drawings(350) {
        let verdict = drawing.judge(&drawing.target);
        assert!(verdict.right && verdict.unmet.is_empty(), "{} {verdict:?}", drawing.prompt);
        for (reference, shown) in drawing.references.iter().zip(&drawing.reference_scenes) {
            let verdict = drawing.judge(reference);
            let same = drawing.scene.same(shown, 16.0);
            assert!(same || !verdict.right && !verdict.unmet.is_empty(), "{}", drawing.prompt);
        }
        assert_eq!(drawing.references.len(), drawing.reference_scenes.len());
    }
}

#[test]
fn training_shows_and_asks_for_nothing_held_out() {
    for scene in shown(800) {
        assert!(!held_out::scene(&scene), "{scene:?}");
        assert!(scene.fits() && scene.distinct() && (1..=3).contains(&scene.objects.len()), "{scene:?}");
    }
    for drawing in drawings(600) {
        if let Goal::Wish(wish) = &drawing.goal {
            assert!(!held_out::wish(wish), "{}", drawing.prompt);
        }
        let text = drawing.references.is_empty();
        assert!(!text || !held_out::prompt(&drawing.prompt), "{}", drawing.prompt);
    }
    for text in corpus(9).take(7 * 800) {
        for phrase in ["red triangle", "blue cross", "green circle", "yellow square", "striped circle"] {
            assert!(!text.contains(phrase), "{text}");
        }
    }
}

#[test]
fn everything_by_itself_is_seen_often() {
    let mut seen = BTreeMap::new();
    let scenes = shown(600);
    for scene in &scenes {
        let mut words = BTreeSet::from([scene.background.word()]);
        for object in &scene.objects {
            words.extend([object.shape.word(), object.extent.word(), object.texture.word()]);
            words.extend(object.colours().map(|colour| colour.word()));
        }
        words.extend(scene.pairs().filter_map(|[a, b]| Relation::between(a, b)).map(Relation::short));
        words.into_iter().for_each(|word| *seen.entry(word).or_insert(0) += 1);
    }
    assert_eq!(seen.len(), 4 + 4 + 2 + 3 + 6 + 4);
    for (word, count) in seen {
        assert!(count * 10 > scenes.len(), "{word} in {count} of {}", scenes.len());
    }
}

#[test]
fn evaluation_is_new() {
    let known: BTreeSet<String> =
        (0..3000).map(|index| Examples::training(1).drawing(Task::TextToImage, index).prompt).collect();
    assert!(cases(Task::TextToImage, 300, 1).all(|drawing| !known.contains(&drawing.prompt)));
    for novelty in [Novelty::COLOUR, Novelty::TEXTURE, Novelty::RELATION] {
        for drawing in novel_cases(novelty, 100, 1) {
            assert_eq!(Novelty::of(&drawing.scene), novelty);
            let Goal::Wish(wish) = &drawing.goal else { panic!("{:?}", drawing.goal) };
            assert!(held_out::wish(wish) || wish.relations.is_empty() || novelty.relation, "{wish:?}");
            assert!(drawing.judge(&drawing.target).right);
        }
    }
}

#[test]
fn questions_have_short_answers_in_balance() {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for index in 0..6000 {
        let talk = Examples::training(5).talk(index);
        assert!(talk.answer.split_whitespace().count() <= 7 && talk.question.ends_with('?'));
        assert_eq!(talk.pictures.len(), 1);
        let kind: Vec<&str> = talk.question.split(' ').take(2).collect();
        *counts.entry((kind.join(" "), talk.answer)).or_default() += 1;
    }
    let count = |kind: &str, answer: &str| counts[&(kind.to_owned(), answer.to_owned())] as f64;
    for [kind, a, b] in [
        ["Is there", "yes", "no"],
        ["Is the", "yes", "no"],
        ["Is the", "large", "small"],
        ["Is the", "striped", "two-tone"],
        ["What colour", "grey", "pink"],
        ["What shape", "circle", "cross"],
    ] {
        assert!((0.75..1.33).contains(&(count(kind, a) / count(kind, b))), "{kind} {a} {b}");
    }
}

#[test]
fn reviews_are_right_half_of_the_time_and_say_one_fault() {
    let mut right = 0;
    let mut edits = BTreeSet::new();
    for index in 0..2000 {
        let review = Examples::training(6).review(index);
        let unmet = review.wish.unmet(&review.scene);
        assert_eq!(review.right, unmet.is_empty());
        assert_eq!(review.answer, review.wish.answer(&review.instruction, &review.scene));
        assert_eq!(review.picture, review.scene.render());
        let lines: Vec<&str> = review.answer.lines().collect();
        if review.right {
            right += 1;
            assert_eq!(lines, ["UNMET: none", "EDIT: none"]);
            continue;
        }
        let [part, edit] = lines[..] else { panic!("{}", review.answer) };
        assert_eq!(part, format!("UNMET: {}", unmet[0].words));
        assert!(unmet.len() == 1 && edit.starts_with("EDIT: ") && edit.ends_with('.'), "{}", review.answer);
        let shared = unmet[0].words.split(' ').filter(|word| !["in", "the", "a", "of", "on"].contains(word));
        assert!(shared.into_iter().any(|word| review.instruction.contains(word)), "{review:?}");
        edits.extend(edit.split(' ').nth(1).map(str::to_owned));
    }
    assert!((900..1100).contains(&right), "{right}");
    let edits: Vec<&str> = edits.iter().map(String::as_str).collect();
    assert_eq!(edits, ["Add", "Change", "Give", "Make", "Remove", "Replace", "Swap"]);
}

#[test]
fn botches_are_wrong_and_their_edits_mend_all() {
    let (mut several, mut crowded) = (0, 0);
    for index in 0..600 {
        let Botch { review, mended } = Examples::training(6).botch(index);
        let unmet = review.wish.unmet(&review.scene);
        assert!(!review.right && !unmet.is_empty() && review.wish.unmet(&mended).is_empty(), "{review:?}");
        assert!(judge::read(&review.picture).unwrap().same(&review.scene, 1.0), "{review:?}");
        assert!(review.scene.fits() && mended.fits() && !held_out::scene(&mended));
        let critique = Critique::parse(&review.answer, &review.instruction);
        assert_eq!(critique.unmet.len(), unmet.len(), "{}", review.answer);
        let whole = critique.mend.starts_with("Change the picture to this: ");
        assert!(whole || !critique.mend.contains('.'), "{}", review.answer);
        several += usize::from(unmet.len() > 1);
        crowded += usize::from(review.scene.objects.len() > 3);
    }
    assert!(several > 150 && crowded > 20, "{several} {crowded}");
}

#[test]
fn words_are_few() {
    let vocabulary = vocabulary();
    assert!((80..=120).contains(&vocabulary.len()), "{}", vocabulary.len());
    for text in corpus(3).take(7 * 500) {
        assert!(text.split_whitespace().count() <= MOST_WORDS, "{text}");
        for word in text.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| !word.is_empty()) {
            assert!(vocabulary.binary_search(&word.to_lowercase()).is_ok(), "{word}");
        }
    }
}

#[test]
fn scenes_are_read_from_references_too() {
    for drawing in drawings(60) {
        for (picture, scene) in drawing.references.iter().zip(&drawing.reference_scenes) {
            assert!(judge::read(picture).unwrap().same(scene, 1.0));
        }
    }
}
