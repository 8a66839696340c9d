use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::place::{Place, TINY, pixels, text};

fn adapter() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/goldens/lora/peft")
}

#[test]
fn an_adapter_draws_another_picture_and_is_recorded() {
    let place = Place::new();
    let adapter = adapter();
    let scaled = format!("{}:1.5", text(&adapter));
    place.draw(&["a fox", "-o", "bare.png"]).succeeded();
    place.draw(&["a fox", "--lora", &scaled]).succeeded();
    assert_ne!(pixels(&place.out("out.png")), pixels(&place.out("bare.png")));
    let show = place.run(&["show", "out.png"]).succeeded().stdout;
    assert!(show.contains(&scaled), "{show}");

    place.run(&["generate", "--like", "out.png", "-o", "again.png"]).succeeded();
    assert_eq!(pixels(&place.out("again.png")), pixels(&place.out("out.png")));
    let halves = format!("{}:0.75", text(&adapter));
    place.draw(&["a fox", "--lora", &halves, "--lora", &halves, "-o", "halves.png"]).succeeded();
    let show = place.run(&["show", "halves.png"]).succeeded().stdout;
    assert_eq!(show.matches(&halves).count(), 2, "{show}");
    let none = format!("{}:0", text(&adapter));
    place.run(&["generate", "--like", "out.png", "--lora", &none, "-o", "none.png"]).succeeded();
    assert_eq!(pixels(&place.out("none.png")), pixels(&place.out("bare.png")));
}

#[test]
fn adapters_are_inspected() {
    let place = Place::new();
    let shown = place.run(&["inspect", TINY, "--lora", text(&adapter())]).succeeded().stdout;
    let line = shown.lines().find(|line| line.starts_with("adapter ")).unwrap();
    assert!(line.contains("7 layers, rank 4"), "{line}");
    let json = place.run(&["inspect", TINY, "--json", "--lora", text(&adapter())]).succeeded().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["adapters"][0]["scale"], &json["adapters"][0]["rank"]), (&1.0.into(), &4.into()));
}

#[test]
fn an_adapter_that_cannot_be_used_is_said() {
    let place = Place::new();
    place
        .draw(&["a fox", "--lora", "none.safetensors"])
        .failed(3, &["there is no adapter at none.safetensors"]);
    let picture = place.picture("a.png", [32, 32], 0);
    place.draw(&["a fox", "--lora", text(&picture)]).failed(3, &["a.png"]);
    assert_eq!(place.draw(&["a fox", "--lora", "x:inf"]).code, 2);
    assert!(place.written().is_empty());
}

#[test]
fn an_adapter_that_is_too_strong_is_named() {
    let place = Place::new();
    let scaled = format!("{}:1e37", text(&adapter()));
    let run = place.draw(&["a fox", "--lora", &scaled]);
    run.failed(1, &["the checkpoint is sound, but the adapters are too strong", text(&adapter()), "scales"]);
    assert!(place.written().is_empty());
}
