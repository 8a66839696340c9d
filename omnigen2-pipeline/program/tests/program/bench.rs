use std::fs;

use serde_json::Value;

use crate::place::{Place, TINY, pixels, text};

const SMALL: [&str; 5] = ["bench", TINY, "--sizes", "32x32,64x64", "--quiet"];

#[test]
fn a_table_has_a_row_for_each_setting_and_names_a_choice() {
    let place = Place::new();
    let shown = place.run(&[&SMALL[..], &["--weights", "f32,q8"]].concat()).succeeded().stdout;
    let rows: Vec<&str> = shown
        .lines()
        .skip_while(|line| !line.starts_with("weights"))
        .take_while(|line| !line.is_empty())
        .collect();
    assert_eq!(rows.len(), 3, "{shown}");
    for column in ["32x32", "64x64", "layer", "velocity", "tokens/s", "resident", "staged"] {
        assert!(rows[0].contains(column), "{column} is not in: {shown}");
    }
    assert!(rows[1].starts_with("f32     f32") && rows[2].starts_with("q8      f32"), "{shown}");
    assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{shown}");
    assert!(
        shown.contains("one joint layer, measured, times") && shown.contains("choice: --weights"),
        "{shown}"
    );
}

#[test]
fn json_has_what_the_table_has_and_the_plot_is_written() {
    let place = Place::new();
    let plots = ["plot.png", "plot.svg"].map(|name| place.out(name));
    for plot in &plots {
        let more = ["--json", "--weights", "f32,q4", "--precision", "auto,f32", "--plot", text(plot)];
        let json = place.run(&[&SMALL[..], &more].concat()).succeeded().stdout;
        let json: Value = serde_json::from_str(&json).unwrap();
        let rows = json["rows"].as_array().unwrap();
        assert_eq!(rows.len(), 2, "{json}");
        assert_eq!(rows[1]["steps"][1]["size"], "64x64");
        let seconds = |name: &str| rows[1]["steps"][1][name].as_f64().unwrap();
        let told = json["layers"].as_f64().unwrap() * seconds("layer_seconds");
        assert!((told / seconds("step_seconds") - 1.0).abs() < 1e-9);
        assert_eq!(json["choice"], serde_json::json!({ "weights": "f32", "precision": "f32" }));
    }
    assert_eq!(pixels(&plots[0]).dimensions(), (960, 600));
    assert!(fs::read_to_string(&plots[1]).unwrap().contains("q4 weights, computed in f32"));
}

#[test]
fn what_cannot_be_measured_is_refused_at_once() {
    let place = Place::new();
    for (more, said) in [
        (["--weights", "q8,q9"], "q9"),
        (["--weights", "auto"], "f32, f16, bf16, q8, q4"),
        (["--precision", "f8"], "f8"),
        (["--sizes", "500x500"], "drawn as 496x496"),
        (["--sizes", "big"], "1024x768"),
        (["--plot", "plot.pdf"], "neither in .png nor in .svg"),
        (["--device", "tpu"], "tpu"),
    ] {
        let code = if more[0] == "--device" { 6 } else { 2 };
        place.run(&[&["bench"][..], &more].concat()).failed(code, &[said]);
    }
    place.run(&["bench", text(&place.out("nowhere"))]).failed(3, &["there is no checkpoint"]);
}
