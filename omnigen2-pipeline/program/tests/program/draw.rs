use std::fs;

use omnigen2_pipeline::metadata;
use serde_json::Value;

use crate::place::{Place, TINY, pixels, text};

#[test]
fn a_picture_has_the_size_asked_for_and_says_how_it_was_made() {
    let place = Place::new();
    let run = place.draw(&["a red fox in fresh snow"]).succeeded();
    assert_eq!(run.stdout, "out.png\n");
    assert!(run.stderr.contains("seed 7"), "{}", run.stderr);
    assert_eq!(place.written(), ["out.png"]);
    assert_eq!(pixels(&place.out("out.png")).dimensions(), (48, 32));

    let show = place.run(&["show", "out.png"]).succeeded().stdout;
    for line in ["a red fox in fresh snow", "seed               7", "48x32", "flex", "tiny-checkpoint"] {
        assert!(show.contains(line), "{line} is not in: {show}");
    }
    let json = place.run(&["show", "--json", "out.png"]).succeeded().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["request"]["steps"], &json["request"]["seed"]), (&2.into(), &7.into()));
}

#[test]
fn nothing_in_a_picture_or_its_name_steers_the_terminal() {
    let place = Place::new();
    place.draw(&["a fox"]).succeeded();
    let mut record = metadata::read(place.out("out.png")).unwrap();
    record.request.prompt = "a \x1b]0;title\x07fox".into();
    record.settings.insert("\x1b[2J".into(), "\u{9b}31m".into());
    metadata::save(place.out("hostile.png"), &pixels(&place.out("out.png")), &record).unwrap();
    let shown = place.run(&["show", "hostile.png"]).succeeded().stdout;
    assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{shown:?}");
    assert!(shown.contains(r"a \u{1b}]0;title\u{7}fox") && shown.contains(r"\u{9b}31m"), "{shown}");
    let missing = place.run(&["show", "no\x1b[31m.png"]);
    missing.failed(4, &[r"no\u{1b}[31m.png"]);
    assert!(!missing.stderr.contains('\x1b'), "{}", missing.stderr);
}

#[test]
fn like_draws_the_same_picture_again() {
    let place = Place::new();
    let options = ["--solver", "dpm", "--time-shift", "2.6", "--step-cache", "teacache=0.1"];
    let more = ["--precision", "f32", "--memory", "staged", "--tile-rows", "8", "--negative", "blurry"];
    place.draw(&[&["a fox"][..], &options, &more].concat()).succeeded();
    place.run(&["generate", "--like", "out.png", "-o", "again.png"]).succeeded();
    assert_eq!(pixels(&place.out("out.png")), pixels(&place.out("again.png")));
    let read = |name| metadata::read(place.out(name)).unwrap();
    assert_eq!(read("out.png"), read("again.png"));

    place.run(&["generate", "--like", "out.png", "--seed", "8", "-o", "other.png"]).succeeded();
    assert_ne!(pixels(&place.out("out.png")), pixels(&place.out("other.png")));
    assert_eq!(read("other.png").request.prompt, "a fox");
}

#[test]
fn a_seed_by_chance_is_recorded() {
    let place = Place::new();
    let arguments = ["generate", "a fox", "--checkpoint", TINY, "--steps", "1", "--size", "32x32"];
    let said = place.run(&arguments).succeeded().stderr;
    let first = metadata::read(place.out("omnigen2.png")).unwrap().request.seed;
    assert!(said.contains(&format!("seed {first}")), "{said}");
    place.run(&arguments).succeeded();
    assert_ne!(metadata::read(place.out("omnigen2.png")).unwrap().request.seed, first);
}

#[test]
fn several_pictures_are_numbered_and_each_is_drawn_again_by_itself() {
    let place = Place::new();
    let run = place.draw(&["a fox", "--count", "2", "--json"]).succeeded();
    assert_eq!(place.written(), ["out-1.png", "out-2.png"]);
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[1]["path"], &lines[1]["index"]), (2, &"out-2.png".into(), &1.into()));
    let second = pixels(&place.out("out-2.png"));
    assert_ne!(pixels(&place.out("out-1.png")), second);

    place.run(&["generate", "--like", "out-2.png", "-o", "again.png"]).succeeded();
    assert_eq!(pixels(&place.out("again.png")), second);
    assert_eq!(place.written(), ["again.png", "out-1.png", "out-2.png"]);
}

#[test]
fn an_edited_picture_keeps_its_size_and_its_reference_is_watched() {
    let place = Place::new();
    let reference = place.picture("reference.png", [64, 48], 0);
    let arguments = ["generate", "make it red", "-i", text(&reference), "--checkpoint", TINY, "--steps", "2"];
    place.run(&[&arguments[..], &["--seed", "1", "-o", "out.png"]].concat()).succeeded();
    assert_eq!(pixels(&place.out("out.png")).dimensions(), (64, 48));
    assert_eq!(metadata::read(place.out("out.png")).unwrap().references.len(), 1);

    let again = ["generate", "--like", "out.png", "-o", "again.png"];
    place.run(&again).succeeded();
    assert_eq!(pixels(&place.out("out.png")), pixels(&place.out("again.png")));

    fs::remove_file(place.out("again.png")).unwrap();
    place.picture("reference.png", [64, 48], 99);
    place.run(&again).failed(4, &["reference.png is no longer the picture", "give --image anew"]);
    fs::remove_file(&reference).unwrap();
    place.run(&again).failed(4, &["a reference of the record is gone", "caused by: cannot read"]);
    assert_eq!(place.written(), ["out.png"]);
}

#[test]
fn previews_go_when_the_picture_is_there() {
    let place = Place::new();
    fs::write(place.out("other.preview.png"), "the user's own").unwrap();
    place.draw(&["a fox", "--steps", "3", "--preview-every", "1"]).succeeded();
    place.draw(&["a fox", "-o", "other.png"]).succeeded();
    assert_eq!(place.written(), ["other.png", "other.preview.png", "out.png"]);
}

#[test]
fn previews_overwrite_nothing_and_take_only_themselves_away() {
    let place = Place::new();
    let own = [("out.preview.png", "mine"), ("out.preview-2.png", "mine too")];
    own.iter().for_each(|(name, content)| fs::write(place.out(name), content).unwrap());
    place.draw(&["a fox", "--steps", "3", "--preview-every", "1"]).succeeded();
    assert_eq!(place.written(), ["out.png", "out.preview-2.png", "out.preview.png"]);
    for (name, content) in own {
        assert_eq!(fs::read_to_string(place.out(name)).unwrap(), content);
    }
}

#[test]
fn the_help_lists_the_words_of_a_setting_and_other_words_are_told_them() {
    let place = Place::new();
    let help = place.run(&["generate", "--help"]).succeeded().stdout;
    for line in [
        "- auto:     Resident where all parts together fit, else staged",
        "- stored: That of the file",
        "- bf16: 16 bits with the range of F32",
    ] {
        assert!(help.contains(line), "{line} is not in: {help}");
    }
    let cases = [
        (["--memory", "some"], "[possible values: auto, resident, staged]"),
        (["--storage", "f64"], "[possible values: auto, stored, f32, f16, bf16, q8, q4]"),
        (["--precision", "f16"], "[possible values: auto, f32, bf16]"),
        (["--solver", "heun"], "expected `euler` or `dpm`"),
        (["--time-shift", "later"], "expected `none`, `dynamic` or a number such as 2.6"),
        (["--step-cache", "much"], "expected `none`, `teacache[=THRESHOLD]`, `taylorseer`"),
    ];
    for (option, part) in cases {
        place.draw(&[&["a fox"][..], &option].concat()).failed(2, &[part]);
    }
}

#[test]
fn presets_set_what_options_may_change() {
    let place = Place::new();
    place.draw(&["a fox", "--preset", "fast", "--guidance", "3"]).succeeded();
    let request = metadata::read(place.out("out.png")).unwrap().request;
    assert_eq!((request.steps, request.guidance.text, request.guidance.range), (2, 3.0, [0.0, 0.8]));
    assert!(request.negative.contains("deformed"));
    let listed = place.run(&["presets"]).succeeded().stdout;
    assert!(["reference", "comfyui", "in-context"].iter().all(|name| listed.contains(name)), "{listed}");
    let json = place.run(&["presets", "--json"]).succeeded().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["api"]["request"]["steps"], 28);
}

#[test]
fn the_environment_may_name_the_checkpoint() {
    let place = Place::new();
    let arguments = ["generate", "", "--steps", "1", "--size", "32x32", "--quiet"];
    let output = place.command(&arguments).env("OMNIGEN2_CHECKPOINT", TINY).output().unwrap();
    assert!(output.status.success());
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(place.written(), ["omnigen2.png"]);
}

#[test]
fn a_long_prompt_is_cut_with_a_warning_that_says_by_how_much() {
    let place = Place::new();
    let prompt = "fox ".repeat(5000);
    let run = place.draw(&[&prompt, "--max-tokens", "200"]).succeeded();
    let warning = run.stderr.lines().find(|line| line.contains("longer than the 200 tokens")).unwrap();
    let dropped = warning.split_whitespace().filter_map(|word| word.parse::<usize>().ok()).max().unwrap();
    assert!(dropped > 4000, "{warning}");
    assert_eq!(place.written(), ["out.png"]);
}
