use std::fs;

use serde_json::Value;

use crate::place::{Place, TINY, edit_json, text};

#[test]
fn parts_types_and_sizes_are_told_from_headers() {
    let place = Place::new();
    let shown = place.run(&["inspect", TINY]).succeeded().stdout;
    for part in ["transformer", "language model", "vision tower", "autoencoder", "resident", "staged"] {
        assert!(shown.contains(part), "{part} is not in: {shown}");
    }
    assert!(shown.ends_with("all names and shapes are those that the configurations ask for\n"), "{shown}");
}

#[test]
fn sizes_follow_from_the_parameters() {
    let place = Place::new();
    let json = place.run(&["inspect", TINY, "--json"]).succeeded().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let parts = json["parts"].as_array().unwrap();
    let parameters = |part: &Value| part["parameters"].as_u64().unwrap();
    let drawing: Vec<_> =
        parts.iter().filter(|part| part["part"] != "vision tower").map(parameters).collect();
    let f32 = json["memory"].as_array().unwrap().iter().find(|row| row["precision"] == "F32").unwrap();
    assert_eq!(f32["resident"], 4 * drawing.iter().sum::<u64>());
    assert_eq!(f32["staged"], 4 * drawing.iter().max().unwrap());
    assert_eq!(json["fits"], true);
}

#[test]
fn what_does_not_fit_is_said() {
    let place = Place::new();
    let checkpoint = place.checkpoint();
    edit_json(&checkpoint.join("transformer/config.json"), |config| config["num_layers"] = 4.into());
    let run = place.run(&["inspect", text(&checkpoint)]);
    assert_eq!(run.code, 3);
    assert!(run.stdout.contains("NOT those") && run.stderr.contains("missing: layers.3"), "{}", run.stderr);
    fs::remove_dir_all(&checkpoint).unwrap();
    place.run(&["inspect", text(&checkpoint)]).failed(3, &["there is no checkpoint at"]);
}
