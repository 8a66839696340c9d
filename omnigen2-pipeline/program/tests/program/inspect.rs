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

#[test]
fn what_drawing_takes_is_planned() {
    let place = Place::new();
    let limit = ["--memory-limit", "20GiB", "--size", "512x512"];
    let shown = place.run(&[&["inspect", TINY][..], &limit].concat()).succeeded().stdout;
    for part in
        ["to draw 1 of 512x512", "resident memory: all parts", "20.0 GiB are allowed", "denoising", "it fits"]
    {
        assert!(shown.contains(part), "{part} is not in: {shown}");
    }
    let plan = |more: &[&str]| -> Value {
        let json = place.run(&[&["inspect", TINY, "--json"], &limit[..], more].concat()).succeeded().stdout;
        serde_json::from_str::<Value>(&json).unwrap()["drawing"].clone()
    };
    let usual = plan(&[]);
    assert_eq!((&usual["fit"], &usual["plan"]["memory"]), (&"fits".into(), &"resident".into()));
    let peak = |plan: &Value| plan["peak"].as_u64().unwrap();
    let stages = usual["plan"]["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 3);
    let total = |stage: &Value| {
        let weights = &stage["weights"];
        [&weights["held"], &weights["mapped"], &stage["working"]]
            .map(|bytes| bytes.as_u64().unwrap())
            .iter()
            .sum::<u64>()
    };
    assert_eq!(stages.iter().map(total).max().unwrap(), peak(&usual));

    let staged = plan(&["--memory", "staged", "--storage", "f32"]);
    assert_eq!(staged["plan"]["reason"]["why"], "asked");
    let wide = plan(&["--storage", "f32"]);
    assert!(peak(&staged) < peak(&wide) && peak(&usual) < peak(&wide));
    let references = plan(&["--references", "2", "--count", "2"]);
    assert_eq!(references["plan"]["stages"].as_array().unwrap().len(), 4);
    assert!(peak(&references) > peak(&usual));
    place.run(&["inspect", TINY, "--references", "6"]).failed(2, &["6 reference pictures"]);
}
