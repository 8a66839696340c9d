use std::fs::{self, File};

use serde_json::{Value, json};

use crate::place::{Place, TINY, edit_json, edit_tensors, text};

const TRANSFORMER: &str = "transformer/diffusion_pytorch_model-00001-of-00006.safetensors";
const VAE: &str = "vae/diffusion_pytorch_model.safetensors";

/// Drawing from it fails like this and writes nothing.
fn fails(place: &Place, checkpoint: &str, code: i32, parts: &[&str]) {
    place.draw_from(checkpoint, &["a fox"]).failed(code, parts);
    assert_eq!(place.written(), [""; 0]);
}

#[test]
fn no_checkpoint() {
    let place = Place::new();
    let nowhere = place.input("nowhere");
    fails(&place, text(&nowhere), 3, &["there is no checkpoint at", "nowhere"]);
    fails(&place, "owner/name", 7, &["owner/name@main is not complete in"]);
}

#[test]
fn a_missing_part() {
    let place = Place::new();
    let checkpoint = place.checkpoint();
    fs::remove_dir_all(checkpoint.join("vae")).unwrap();
    fails(&place, text(&checkpoint), 3, &["has no autoencoder", "vae"]);
}

#[test]
fn a_missing_shard() {
    let place = Place::new();
    let checkpoint = place.checkpoint();
    fs::remove_file(checkpoint.join(TRANSFORMER)).unwrap();
    fails(&place, text(&checkpoint), 3, &["model-00001-of-00006.safetensors", "is missing", "download"]);
}

#[test]
fn a_truncated_shard() {
    let place = Place::new();
    let checkpoint = place.checkpoint();
    for length in [300_000, 100, 4] {
        let shard = File::options().write(true).open(checkpoint.join(TRANSFORMER)).unwrap();
        shard.set_len(length).unwrap();
        fails(&place, text(&checkpoint), 3, &["model-00001-of-00006.safetensors", "download it again"]);
    }
}

#[test]
fn a_wrong_shape() {
    let place = Place::new();
    let checkpoint = place.checkpoint();
    let mut changed = String::new();
    edit_tensors(&checkpoint.join(VAE), |header, _| {
        let tensors = header.as_object_mut().unwrap().iter_mut();
        let mut shapes = tensors.filter_map(|(name, tensor)| Some((name, tensor.get_mut("shape")?)));
        let (name, shape) = shapes.find(|(_, shape)| shape[0] != shape[1] && shape[1].is_u64()).unwrap();
        shape.as_array_mut().unwrap().swap(0, 1);
        changed = name.clone();
    });
    fails(
        &place,
        text(&checkpoint),
        3,
        &["autoencoder", "1 of another shape", &changed, "expected", "found"],
    );
}

#[test]
fn config_values_that_mean_nothing() {
    let place = Place::new();
    let checkpoint = place.checkpoint();
    let fails_with = |file: &str, field: &str, value: Value| {
        let path = checkpoint.join(file);
        let before = fs::read(&path).unwrap();
        edit_json(&path, |config| config[field] = value);
        fails(&place, text(&checkpoint), 3, &["config.json", "caused by: ", field]);
        fs::write(path, before).unwrap();
    };
    fails_with("vae/config.json", "act_fn", json!("tanh"));
    fails_with("transformer/config.json", "num_kv_heads", json!(0));
    fails_with("mllm/config.json", "hidden_act", json!("sine"));
    let path = checkpoint.join("transformer/config.json");
    fs::write(&path, "{ \"hidden_size\": \"wide\" ").unwrap();
    fails(&place, text(&checkpoint), 3, &["config.json is no configuration of the transformer", "caused by"]);
}

#[test]
fn weights_that_are_not_numbers() {
    let place = Place::new();
    let checkpoint = place.checkpoint();
    edit_tensors(&checkpoint.join(TRANSFORMER), |_, data| data.fill(0xFF));
    let shard = "model-00001-of-00006.safetensors holds NaN";
    fails(
        &place,
        text(&checkpoint),
        1,
        &["non-finite in step 1 of 2: ", shard, "download the checkpoint again"],
    );
}

#[test]
fn decoder_weights_that_are_not_numbers() {
    let place = Place::new();
    let checkpoint = place.checkpoint();
    edit_tensors(&checkpoint.join(VAE), |_, data| data.fill(0xFF));
    fails(&place, text(&checkpoint), 1, &["the decoded picture is non-finite"]);
}

#[test]
fn a_tokenizer_that_is_none() {
    let place = Place::new();
    let checkpoint = place.checkpoint();
    fs::write(checkpoint.join("processor/tokenizer.json"), "[]").unwrap();
    fails(&place, text(&checkpoint), 3, &["tokenizer.json is not a tokenizer"]);
}

#[test]
fn loose_files_come_together_and_must_be_there() {
    let place = Place::new();
    let two = place.run(&["generate", "a fox", "--transformer", "a", "--vae", "b"]);
    two.failed(2, &["--mllm", "--tokenizer"]);
    let files = ["--transformer", "a", "--mllm", "b", "--vae", "c", "--tokenizer", "d"];
    place.run(&[&["generate", "a fox"][..], &files].concat()).failed(3, &["expected it at a"]);
    let both = [&["generate", "a fox", "--checkpoint", TINY][..], &files].concat();
    place.run(&both).failed(2, &["not both"]);
    assert_eq!(place.written(), [""; 0]);
}
