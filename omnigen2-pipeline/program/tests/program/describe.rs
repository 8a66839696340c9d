use std::fs;

use serde_json::Value;

use crate::place::{Place, TINY, text};

/// Describing from the tiny checkpoint, with more arguments.
fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["describe", "--checkpoint", TINY, "--max-tokens", "8", "--seed", "1"], more].concat()
}

#[test]
fn a_picture_is_described_in_text_and_in_json() {
    let place = Place::new();
    let picture = place.picture("fox.png", [64, 48], 0);
    let spoken = place.run(&arguments(&[text(&picture)])).succeeded().stdout;
    assert!(spoken.ends_with('\n'), "{spoken}");
    let json = place.run(&arguments(&[text(&picture), "--json"])).succeeded().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(format!("{}\n", json["text"].as_str().unwrap()), spoken);
    assert_eq!(json["images"], serde_json::json!([text(&picture)]));
    assert_eq!(place.written(), [""; 0]);
}

#[test]
fn the_last_of_several_is_the_question_unless_it_is_a_picture() {
    let place = Place::new();
    let (fox, cat) = (place.picture("fox.png", [64, 48], 0), place.picture("cat.png", [32, 32], 9));
    let images = |more: &[&str]| {
        let json = place.run(&arguments(&[more, &["--json"]].concat())).succeeded().stdout;
        let json: Value = serde_json::from_str(&json).unwrap();
        json["images"].as_array().unwrap().len()
    };
    assert_eq!(images(&[text(&fox), "Which animal is this?"]), 1);
    assert_eq!(images(&[text(&fox), text(&cat)]), 2);
    assert_eq!(images(&[text(&fox), text(&cat), "Which is larger?"]), 2);
    assert_eq!(images(&[text(&fox), ""]), 1, "nothing is asked");
    place.run(&arguments(&[text(&fox), "dog.jpg"])).failed(4, &["cannot read dog.jpg"]);
    place.run(&arguments(&["What is this?"])).failed(4, &["cannot read What is this?"]);
    place.run(&arguments(&[])).failed(2, &["IMAGE"]);
}

#[test]
fn pictures_that_cannot_be_shown() {
    let place = Place::new();
    let named_png = place.input("text.png");
    fs::write(&named_png, "I am only text").unwrap();
    place.run(&arguments(&[text(&named_png)])).failed(4, &["text.png is not a picture"]);
    let dot = place.picture("dot.png", [27, 60], 0);
    place.run(&arguments(&[text(&dot)])).failed(4, &["dot.png", "27x60", "28"]);
    let thread = place.picture("thread.png", [5700, 28], 0);
    place.run(&arguments(&[text(&thread)])).failed(4, &["thread.png", "5700x28", "200"]);
}

#[test]
fn a_reply_ends_before_a_stop_text() {
    let place = Place::new();
    let picture = place.picture("fox.png", [64, 48], 0);
    let whole = place.run(&arguments(&[text(&picture)])).succeeded().stdout;
    let whole = whole.trim_end_matches('\n');
    let middle = whole.char_indices().nth(whole.chars().count() / 2).unwrap();
    let stop = middle.1.to_string();
    let stopped = place.run(&arguments(&[text(&picture), "--stop", &stop])).succeeded().stdout;
    assert_eq!(stopped, format!("{}\n", whole.split(&stop).next().unwrap()));
}

#[test]
fn wordings_that_make_no_sense() {
    let place = Place::new();
    for (option, value, part) in [
        ("--top-p", "2", "up to 1"),
        ("--temperature", "NaN", "expected a number from 0"),
        ("--repetition-penalty", "0", "over 0"),
        ("--max-tokens", "100000", "4096"),
        ("--max-tokens", "0", "at least 1"),
    ] {
        let picture = place.picture("fox.png", [64, 48], 0);
        let arguments = ["describe", "--checkpoint", TINY, text(&picture), option, value];
        place.run(&arguments).failed(2, &[part]);
    }
}
