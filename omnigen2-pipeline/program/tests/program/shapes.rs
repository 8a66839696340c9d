use omnigen2_pipeline::metadata;
use omnigen2_shapes::judge;

use crate::place::{Place, pixels, text};

/// What the program says once when the model inside it is used.
const TOLD: &str = "the small shapes model inside this program";

#[test]
fn without_a_checkpoint_the_model_inside_draws_edits_and_talks() {
    let place = Place::new();
    let prompt = "a large purple circle on a white background";
    let run =
        place.run(&["generate", prompt, "--seed", "1", "-o", text(&place.out("first.png"))]).succeeded();
    assert_eq!(run.stderr.matches(TOLD).count(), 1, "{}", run.stderr);
    let record = metadata::read(place.out("first.png")).unwrap();
    assert_eq!((record.checkpoint.as_str(), record.request.steps), ("shapes", 20));
    assert_eq!(pixels(&place.out("first.png")).dimensions(), (64, 64));

    let again = place.out("again.png");
    place.run(&["generate", "--like", text(&place.out("first.png")), "-o", text(&again)]).succeeded();
    assert_eq!(pixels(&again), pixels(&place.out("first.png")));

    let said =
        place.run(&["describe", text(&again), "What colour is the background?", "--checkpoint", "shapes"]);
    assert_eq!(said.succeeded().stdout.trim(), "white");
}

#[test]
fn one_sheet_shows_all_that_it_can_do() {
    let place = Place::new();
    let sheet = place.out("sheet.png");
    place.run(&["demo", "-o", text(&sheet)]).succeeded();
    let picture = pixels(&sheet);
    assert!(picture.width() > 1000 && picture.height() > 500, "{:?}", picture.dimensions());
    assert!(judge::read(&picture).is_err());
    place.run(&["demo", "-o", text(&place.out("sheet.jpg"))]).failed(2, &["does not end in .png"]);
}
