use std::fs;

use crate::place::{Place, TINY, text};

/// Drawing with these arguments fails like this and writes nothing.
fn fails(place: &Place, arguments: &[&str], code: i32, parts: &[&str]) {
    place.draw(arguments).failed(code, parts);
    assert_eq!(place.written(), [""; 0]);
}

#[test]
fn pictures_that_cannot_be_references() {
    let place = Place::new();
    let named_png = place.input("text.png");
    fs::write(&named_png, "I am only text").unwrap();
    fails(&place, &["a", "-i", text(&named_png)], 4, &["text.png is not a picture", "\"I am only text\""]);
    fails(&place, &["a", "-i", "nothing.png"], 4, &["cannot read nothing.png"]);
    let dot = place.picture("dot.png", [1, 1], 0);
    fails(&place, &["a", "-i", text(&dot)], 4, &["dot.png cannot be a reference", "1x1", "at least 16"]);
    let thread = place.picture("thread.png", [20_000, 10], 0);
    fails(&place, &["a", "-i", text(&thread)], 4, &["thread.png cannot be", "20000x10", "at least 16"]);
    let mut six = vec!["a"];
    let fine = place.picture("fine.png", [32, 32], 0);
    (0..6).for_each(|_| six.extend(["-i", text(&fine)]));
    fails(&place, &six, 2, &["6 reference pictures", "at most 5"]);
}

#[test]
fn settings_out_of_range() {
    let place = Place::new();
    let cases: [(&[&str], &str); 12] = [
        (&["--size", "0x32"], "the width is 0"),
        (&["--size", "64x9000"], "the height is 9000"),
        (&["--size", "many"], "expected WIDTHxHEIGHT"),
        (&["--size", "8192x16", "--max-pixels", "256"], "8192x16"),
        (&["--steps", "1000000000"], "steps is 1000000000; it must be from 1 to 1000"),
        (&["--steps", "0"], "steps is 0"),
        (&["--count", "0"], "count is 0"),
        (&["--guidance", "NaN"], "the text guidance is NaN"),
        (&["--cfg-range", "0.8..0.2"], "0.8 to 0.2"),
        (&["--time-shift", "0"], "the time shift is 0; it must be a number over 0"),
        (&["--preset", "slow"], "expected one of reference"),
        (&["--tile-rows", "0"], "tile-rows"),
    ];
    for (arguments, part) in cases {
        fails(&place, &[&["a fox"], arguments].concat(), 2, &[part]);
    }
    place.run(&["generate", "--checkpoint", TINY]).failed(2, &["PROMPT"]);
}

#[test]
fn a_long_argument_is_not_repeated_whole() {
    let place = Place::new();
    let long = "x".repeat(100_000);
    for (arguments, part) in [
        (["a", &format!("--{long}")], "unexpected argument '--xx"),
        (["--steps", &long], "invalid value 'xx"),
        (["a", &long], "unexpected argument 'xx"),
    ] {
        let run = place.draw(&arguments);
        run.failed(2, &[part, " characters) …", "try '--help'"]);
        assert!(run.stderr.len() < 2000, "{} bytes were printed", run.stderr.len());
    }
    let help = place.run(&[]);
    assert_eq!(help.code, 2);
    assert!(
        help.stderr.contains("Usage: omnigen2") && !help.stderr.contains(" characters) …"),
        "{}",
        help.stderr
    );
}

#[test]
fn what_takes_more_memory_than_there_is() {
    let place = Place::new();
    let little = ["a fox", "--memory-limit", "1MiB"];
    fails(
        &place,
        &little,
        2,
        &["drawing 48x32 takes", "1.0 MiB are allowed", "nothing that can be set makes it fit"],
    );
    let large = ["a fox", "--memory-limit", "256MiB", "--size", "1024x1024"];
    fails(&place, &large, 2, &["drawing 1024x1024 takes", "while decoding", "what would fit: a picture of"]);
    fails(&place, &["a fox", "--memory-limit", "much"], 2, &["expected a number of bytes"]);
    place.draw(&["a fox", "--memory-limit", "256MiB"]).succeeded();
    let run = place.draw(&["a fox", "--memory-limit", "140MiB"]).succeeded();
    assert!(run.stderr.contains("staged memory: all parts together take"), "{}", run.stderr);
}

#[test]
fn an_empty_prompt_works() {
    let place = Place::new();
    place.draw(&[""]).succeeded();
    assert_eq!(place.written(), ["out.png"]);
}

#[test]
fn outputs_that_cannot_be_written() {
    let place = Place::new();
    let file = place.input("file");
    fs::write(&file, "").unwrap();
    let below_a_file = file.join("out.png");
    let check_first = ["--device", "abacus"];
    for path in ["no/such/folder/out.png", text(&below_a_file)] {
        let arguments = [&["a fox", "-o", path][..], &check_first].concat();
        fails(&place, &arguments, 5, &["cannot write", "out.png", "caused by"]);
    }
    fs::create_dir(place.input("folder.png")).unwrap();
    fails(&place, &["a fox", "-o", text(&place.input("folder.png"))], 5, &["folder.png"]);
    fails(&place, &["a fox", "-o", "out.jpg"], 2, &["out.jpg does not end in .png"]);
}

#[test]
fn devices_that_are_not_there() {
    let place = Place::new();
    fails(&place, &["a fox", "--device", "abacus"], 6, &["there is no device `abacus`", "wgpu"]);
    fails(&place, &["a fox", "--device", "flex:3"], 6, &["flex:3", "one device"]);
    let devices = place.run(&["devices"]).succeeded().stdout;
    for line in devices.lines().filter(|line| line.contains("not built in")) {
        let backend = line.split_whitespace().next().unwrap();
        let parts = [&format!("`{backend}` is not built in"), &format!("--features {backend}")];
        fails(&place, &["a fox", "--device", backend], 6, &parts.map(String::as_str));
    }
    assert!(devices.lines().any(|line| line.starts_with("flex") && line.ends_with("ready")), "{devices}");
}

#[test]
fn records_that_cannot_be_read() {
    let place = Place::new();
    let plain = place.picture("plain.png", [4, 4], 0);
    place.run(&["show", text(&plain)]).failed(4, &["plain.png does not say how it was made"]);
    place.run(&["generate", "--like", text(&plain)]).failed(4, &["does not say"]);
    place.run(&["show", "nothing.png"]).failed(4, &["cannot read nothing.png"]);
    place.run(&["pull", "../secrets"]).failed(2, &["is not a repository"]);
    place.run(&["pull", "owner/name"]).failed(7, &["not complete", "offline"]);
    assert_eq!(place.written(), [""; 0]);
}
