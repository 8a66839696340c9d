//! Drawing, looking and drawing again, with critics of one's own and with the model's.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod mend;
mod model;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use burn::prelude::Device;
use image::{Rgb, RgbImage};
use omnigen2_pipeline::Critique;
use omnigen2_pipeline::parts::Critic;
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::{Builder, Error, ImageRequest, Memory, Mend, OmniGen2, Result, Round};

const SIDE: Size = Size { width: 32, height: 32 };

/// What a part was asked, told to the test.
type Told<T> = Arc<Mutex<Vec<T>>>;

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-checkpoint")
}

fn builder() -> Builder {
    OmniGen2::builder(&Device::flex()).checkpoint(tiny()).unwrap()
}

fn pipeline(critic: impl Critic + 'static) -> OmniGen2 {
    builder().critic(critic).build().unwrap()
}

fn request() -> ImageRequest {
    ImageRequest::new("a red fox").negative("blurry").size(SIDE).steps(2).seed(5)
}

fn picture(side: u32) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| Rgb([(x * 5) as u8, (y * 7) as u8, side as u8]))
}

fn poor(mend: &str) -> Critique {
    Critique::unmet(["red"], mend)
}

/// Says one after the other, and panics when there is nothing left to say.
fn scripted(critiques: Vec<Critique>) -> impl Critic {
    let mut critiques = critiques.into_iter();
    move |_: &ImageRequest, _: &RgbImage| Ok(critiques.next().unwrap())
}

/// Discontent to different degrees, with something new each time.
fn scored(scores: &[f64]) -> Vec<Critique> {
    (1..).zip(scores).map(|(i, &score)| poor(&format!("Change {i}.")).score(score)).collect()
}

/// Never content, and never at a loss for something new.
fn restless() -> impl Critic {
    let mut times = 0;
    move |_: &ImageRequest, _: &RgbImage| {
        times += 1;
        Ok(poor(&format!("Change {times}.")).score(f64::from(times)))
    }
}

fn brightness(picture: &RgbImage) -> f64 {
    picture.iter().map(|&byte| f64::from(byte)).sum()
}

fn rounds(omnigen2: &mut OmniGen2, request: ImageRequest, most: usize) -> Vec<Round> {
    omnigen2.reflect(request, most).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_satisfied_critic_ends_it_after_one_round() {
    let mut omnigen2 = pipeline(scripted(vec![Critique::met("A red fox.")]));
    let alone = omnigen2.generate(&request()).unwrap().finish().unwrap().remove(0);
    let mut reflection = omnigen2.reflect(request(), 5).unwrap();
    assert_eq!(reflection.best(), None);
    let round = reflection.next().unwrap().unwrap();
    let critique = Critique::met("A red fox.");
    assert_eq!(round, Round { index: 1, request: request(), picture: alone, critique, next: None });
    assert_eq!(reflection.best(), Some(&round));
    assert!(reflection.next().is_none() && reflection.next().is_none());
}

#[test]
fn rounds_are_bounded() {
    for most in [1, 3] {
        let found = rounds(&mut pipeline(restless()), request(), most);
        let indices: Vec<_> = found.iter().map(|round| round.index).collect();
        assert_eq!(indices, (1..=most).collect::<Vec<_>>());
        let (last, before) = found.split_last().unwrap();
        assert_eq!(last.next, None);
        assert!(before.iter().all(|round| round.next.as_deref() == Some(round.critique.mend.as_str())));
    }
}

#[test]
fn senseless_rounds_and_requests_are_refused() {
    let mut omnigen2 = pipeline(restless());
    let mut refused = |request, rounds| omnigen2.reflect(request, rounds).unwrap_err().to_string();
    assert!(refused(request(), 0).contains("the rounds is 0; it must be from 1 to 100"));
    assert!(refused(request(), 101).contains("101"));
    assert!(refused(request().steps(0), 3).contains("steps"));
}

#[test]
fn an_instruction_that_was_given_before_ends_it() {
    let cases: &[(&[&str], usize)] = &[
        (&["A  RED fox!"], 1),
        (&["a red fox."], 1),
        (&["Add snow.", " add\tSNOW "], 2),
        (&["Add snow", "Add snow!"], 2),
        (&["Add snow.", "Add ice.", "add snow"], 3),
        (&["Add snow.", "Add more snow.", "Add ice.", "Add a red fox."], 4),
    ];
    for (mends, expected) in cases {
        let mut omnigen2 = pipeline(scripted(mends.iter().map(|mend| poor(mend)).collect()));
        assert_eq!(rounds(&mut omnigen2, request(), 4).len(), *expected, "{mends:?}");
    }
}

#[test]
fn the_round_with_the_highest_score_is_kept_and_the_first_of_equals() {
    const NAN: f64 = f64::NAN;
    let cases: &[(&[f64], usize)] = &[
        (&[0.1, 0.9, 0.3], 2),
        (&[-1.0, -1.0], 1),
        (&[0.5, f64::INFINITY, f64::INFINITY], 2),
        (&[0.0, -0.0], 1),
        (&[NAN, 0.1, 0.2], 3),
        (&[0.1, NAN, 0.1], 1),
        (&[NAN, f64::NEG_INFINITY, NAN], 2),
        (&[NAN, NAN], 1),
    ];
    for (scores, expected) in cases {
        let mut omnigen2 = pipeline(scripted(scored(scores)));
        let mut reflection = omnigen2.reflect(request(), scores.len()).unwrap();
        let found: Vec<_> = reflection.by_ref().map(Result::unwrap).collect();
        let best = reflection.best().unwrap();
        assert_eq!((found.len(), best.index), (scores.len(), *expected), "{scores:?}");
        assert_eq!(best.picture, found[expected - 1].picture);
    }
}

#[test]
fn of_several_pictures_the_best_is_kept_and_mended() {
    let several = request().count(3);
    let pictures = builder().build().unwrap().generate(&several).unwrap().finish().unwrap();
    assert_ne!(pictures[0], pictures[1]);
    for best in 0..pictures.len() {
        let scores: Vec<_> = (0..pictures.len()).map(|i| if i == best { 0.5 } else { f64::NAN }).collect();
        let mut omnigen2 = pipeline(scripted([scored(&scores), vec![Critique::met(""); 3]].concat()));
        let found = rounds(&mut omnigen2, several.clone(), 2);
        assert_eq!(found[0].picture, pictures[best]);
        assert_eq!(found[0].next, Some(format!("Change {}.", best + 1)));
        assert_eq!(found[1].request.references, [pictures[best].clone()]);
        assert_eq!((found[1].request.count, found.len()), (3, 2));
    }
    let bright = |_: &ImageRequest, picture: &RgbImage| Ok(Critique::met("").score(brightness(picture)));
    let kept = rounds(&mut pipeline(bright), several, 2).remove(0).picture;
    let brightest = pictures.iter().map(brightness).fold(0.0, f64::max);
    assert_eq!(brightness(&kept), brightest);
}

#[test]
fn the_error_of_a_critic_ends_it_and_leaves_the_best_and_the_pipeline() {
    let mut first = Some(poor("Add snow.").score(3.0));
    let mut omnigen2 = pipeline(move |_: &ImageRequest, _: &RgbImage| {
        first.take().ok_or_else(|| Error::part("the critic is out"))
    });
    let mut reflection = omnigen2.reflect(request(), 5).unwrap();
    let round = reflection.next().unwrap().unwrap();
    let error = reflection.next().unwrap().unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("the critic is out"));
    assert!(reflection.next().is_none());
    assert!(reflection.draw().unwrap().is_none());
    assert_eq!(reflection.best(), Some(&round));
    let again = omnigen2.generate(&request()).unwrap().finish().unwrap();
    assert_eq!(again, [round.picture]);
}

#[test]
fn a_request_that_cannot_be_drawn_ends_it() {
    let request = ImageRequest { references: vec![picture(32).into(); 6], ..request() };
    let mut omnigen2 = pipeline(restless());
    let mut reflection = omnigen2.reflect(request, 3).unwrap();
    assert!(reflection.next().unwrap().unwrap_err().to_string().contains("6 reference pictures"));
    assert!(reflection.next().is_none());
    assert_eq!(reflection.best(), None);
}

#[test]
fn judging_before_drawing_is_an_error_and_spoils_nothing() {
    let mut omnigen2 = pipeline(restless());
    let mut reflection = omnigen2.reflect(request(), 2).unwrap();
    assert!(matches!(reflection.judge(vec![picture(32)]), Err(Error::NothingDrawn)));
    let pictures = reflection.draw().unwrap().unwrap().finish().unwrap();
    let round = reflection.judge(pictures.clone()).unwrap();
    assert_eq!((round.index, &round.picture), (1, &pictures[0]));
    assert!(matches!(reflection.judge(pictures), Err(Error::NothingDrawn)), "judged twice");
    assert_eq!(reflection.next().unwrap().unwrap().index, 2);
}

#[test]
fn judging_no_pictures_ends_it() {
    let mut omnigen2 = pipeline(restless());
    let mut reflection = omnigen2.reflect(request(), 2).unwrap();
    reflection.draw().unwrap().unwrap().finish().unwrap();
    assert!(matches!(reflection.judge(Vec::new()), Err(Error::NothingDrawn)));
    assert!(reflection.next().is_none());
}

#[test]
fn step_by_step_equals_iterating() {
    for mend in [Mend::Edit, Mend::Redraw] {
        let mut omnigen2 = pipeline(restless());
        let iterated: Vec<_> =
            omnigen2.reflect(request(), 3).unwrap().mend(mend).map(Result::unwrap).collect();
        let mut omnigen2 = pipeline(restless());
        let mut reflection = omnigen2.reflect(request(), 3).unwrap().mend(mend);
        let mut stepped = Vec::new();
        while let Some(mut generation) = reflection.draw().unwrap() {
            assert_eq!(generation.by_ref().map(Result::unwrap).count(), 2);
            let pictures = generation.finish().unwrap();
            stepped.push(reflection.judge(pictures).unwrap());
        }
        assert_eq!(stepped, iterated);
        assert_eq!(reflection.best(), iterated.last());
    }
}

#[test]
fn dropping_a_drawing_ends_it_and_leaves_the_best_and_the_pipeline() {
    let mut omnigen2 = builder().memory(Memory::Staged).critic(restless()).build().unwrap();
    let mut reflection = omnigen2.reflect(request(), 5).unwrap();
    let round = reflection.next().unwrap().unwrap();
    let mut generation = reflection.draw().unwrap().unwrap();
    generation.next().unwrap().unwrap();
    drop(generation);
    assert!(reflection.next().is_none());
    assert!(reflection.draw().unwrap().is_none());
    assert_eq!(reflection.best(), Some(&round));
    assert_eq!(omnigen2.generate(&request()).unwrap().finish().unwrap(), [round.picture]);
}
