use serde_json::Value;

use crate::place::{Place, TINY, text};

#[test]
fn a_checkpoint_is_converted_and_draws() {
    let place = Place::new();
    let out = place.out("bf16");
    let run = place.run(&["convert", TINY, text(&out), "--dtype", "bf16"]).succeeded();
    assert_eq!(run.stdout.trim_end(), text(&out));
    let json = place.run(&["inspect", text(&out), "--json"]).succeeded().stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let parts = json["parts"].as_array().unwrap();
    assert!(parts.iter().all(|part| part["types"].as_object().unwrap().keys().eq(["BF16"])), "{json}");
    let picture = place.out("fox.png");
    let drawing = ["--size", "32x32", "--steps", "1", "-o", text(&picture)];
    place.run(&[&["generate", "a fox", "--checkpoint", text(&out)], &drawing[..]].concat()).succeeded();
    assert!(picture.is_file());
}

#[test]
fn a_checkpoint_of_gguf_files_is_written_and_draws() {
    let place = Place::new();
    let out = place.out("q4_k");
    let run = place.run(&["convert", TINY, text(&out), "--weights", "q4_k"]).succeeded();
    assert_eq!(run.stdout.trim_end(), text(&out));
    let inspected = place.run(&["inspect", text(&out)]).succeeded().stdout;
    let line = |part: &str| inspected.lines().find(|line| line.starts_with(part)).unwrap();
    assert!(line("transformer").ends_with("BF16, F32, Q4_1, Q4_K"), "{inspected}");
    assert!(line("language model").ends_with("BF16, F32, Q4_K, Q8_0"), "{inspected}");
    assert!(line("autoencoder").ends_with("F32"), "{inspected}");
    let picture = place.out("fox.png");
    let drawing = ["--size", "32x32", "--steps", "1", "-o", text(&picture)];
    place.run(&[&["generate", "a fox", "--checkpoint", text(&out)], &drawing[..]].concat()).succeeded();
    assert!(picture.is_file());
}

#[test]
fn what_cannot_be_converted_is_said() {
    let place = Place::new();
    place.run(&["convert", TINY, &format!("{TINY}/within")]).failed(2, &["give another folder"]);
    place.run(&["convert", text(&place.input("nowhere")), "out"]).failed(3, &["no checkpoint at"]);
    let file = place.picture("file.png", [16, 16], 0);
    place.run(&["convert", TINY, text(&file)]).failed(5, &["is a file; expected a folder"]);
    place
        .run(&["convert", TINY, "out", "--weights", "q3_k"])
        .failed(2, &["q3_k", "q8_0, q6_k, q5_k, q4_k, q4_0"]);
    place
        .run(&["convert", TINY, "out", "--weights", "q4_k", "--dtype", "f16"])
        .failed(2, &["cannot be used with"]);
    assert_eq!(place.written(), [""; 0]);
}
