//! How the next round mends a picture.

use image::{Rgb, RgbImage};
use omnigen2_pipeline::parts::Critic;
use omnigen2_pipeline::pixels::Size;
use omnigen2_pipeline::{Conversation, ImageRequest, Mend, Message, Result};

use crate::{SIDE, Told, picture, pipeline, request, restless, rounds};

#[test]
fn an_edit_starts_from_the_picture_and_keeps_the_settings() {
    let found = rounds(&mut pipeline(restless()), request(), 3);
    for (earlier, later) in found.iter().zip(&found[1..]) {
        let ImageRequest { prompt, references, size, seed, .. } = later.request.clone();
        assert_eq!(prompt, earlier.next.clone().unwrap());
        assert_eq!(references, std::slice::from_ref(&earlier.picture));
        assert_eq!(size, Some(SIDE));
        assert_ne!(seed, earlier.request.seed);
        assert_eq!(later.request, ImageRequest { prompt, references, size, seed, ..request() });
    }
}

#[test]
fn an_edit_puts_the_picture_before_the_references() {
    for count in [1, 4] {
        let originals: Vec<_> = (0..count).map(|i| picture(32 + 16 * i).into()).collect();
        let request = ImageRequest { references: originals.clone(), ..request() };
        let found = rounds(&mut pipeline(restless()), request, 2);
        let expected: Vec<_> = std::iter::once(found[0].picture.clone().into()).chain(originals).collect();
        assert_eq!(found[1].request.references, expected);
        assert_eq!(found[1].request.prompt, "Edit the first image: Change 1.");
    }
}

#[test]
fn with_as_many_references_as_the_denoiser_tells_apart_the_picture_is_drawn_anew() {
    let references = (0..5).map(|i| picture(32 + 16 * i).into()).collect();
    let request = ImageRequest { references, ..request() };
    let found = rounds(&mut pipeline(restless()), request.clone(), 2);
    assert_eq!(found[1].request.references, request.references, "no reference is lost");
    assert_eq!(found[1].request.prompt, format!("{}\nChange 1.", request.prompt));
}

#[test]
fn an_edit_has_the_size_of_the_picture_even_if_none_was_asked_for() {
    let wide = RgbImage::from_fn(48, 32, |x, y| Rgb([x as u8, y as u8, 9]));
    let request = ImageRequest { size: None, ..request() }.reference(wide);
    let found = rounds(&mut pipeline(restless()), request, 2);
    assert_eq!(found[0].request.size, None);
    assert_eq!(found[0].picture.dimensions(), (48, 32));
    assert_eq!(found[1].request.size, Some(Size::new(48, 32)));
    assert_eq!(found[1].picture.dimensions(), (48, 32));
}

#[test]
fn a_redrawing_amends_the_prompt_and_begins_from_other_noise() {
    for references in [vec![], vec![picture(32).into()]] {
        let request = ImageRequest { references, prompt: "a red fox\n".into(), ..request() };
        let mut omnigen2 = pipeline(restless());
        let reflection = omnigen2.reflect(request.clone(), 3).unwrap().mend(Mend::Redraw);
        let found: Vec<_> = reflection.map(Result::unwrap).collect();
        for (round, change) in found[1..].iter().zip(["Change 1.", "Change 2."]) {
            let (prompt, seed) = (format!("a red fox\n{change}"), round.request.seed);
            assert_eq!(round.request, ImageRequest { prompt, seed, ..request.clone() });
        }
        let seeds: Vec<_> = found.iter().map(|round| round.request.seed).collect();
        assert!(seeds[0] == 5 && seeds[1] != 5 && seeds[2] != 5 && seeds[1] != seeds[2], "{seeds:?}");
        assert_ne!(found[0].picture, found[1].picture);
    }
}

#[test]
fn the_last_seed_is_followed_by_the_first() {
    for mend in [Mend::Edit, Mend::Redraw] {
        let mut omnigen2 = pipeline(restless());
        let reflection = omnigen2.reflect(request().seed(u64::MAX), 2).unwrap().mend(mend);
        assert_eq!(reflection.last().unwrap().unwrap().request.seed, 0);
    }
}

#[test]
fn a_request_of_a_conversation_is_mended_by_words_alone() {
    for mend in [Mend::Edit, Mend::Redraw] {
        let conversation = Conversation::new().with(Message::user("a red fox"));
        let request = ImageRequest { conversation: Some(conversation.clone()), ..request() };
        let mut omnigen2 = pipeline(restless());
        let reflection = omnigen2.reflect(request, 2).unwrap().mend(mend);
        let found: Vec<_> = reflection.map(Result::unwrap).collect();
        assert_eq!(found[0].request.conversation, Some(conversation));
        assert_eq!(found[1].request.conversation, None);
        assert!(found[1].request.prompt.contains("Change 1."));
    }
}

#[test]
fn the_critic_always_compares_with_what_was_asked_for_first() {
    for mend in [Mend::Edit, Mend::Redraw] {
        let told = Told::default();
        let (asked, mut critic) = (told.clone(), restless());
        let mut omnigen2 = pipeline(move |request: &ImageRequest, picture: &RgbImage| {
            asked.lock().unwrap().push((request.clone(), picture.clone()));
            critic.critique(request, picture)
        });
        let origin = request().reference(picture(32));
        let found: Vec<_> =
            omnigen2.reflect(origin.clone(), 3).unwrap().mend(mend).map(Result::unwrap).collect();
        let expected = found.into_iter().map(|round| (origin.clone(), round.picture));
        assert!(told.lock().unwrap().iter().cloned().eq(expected));
    }
}
