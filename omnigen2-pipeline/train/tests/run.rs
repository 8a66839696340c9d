//! Runs of training: going on, stopping, and what comes of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use burn::prelude::Device;
use omnigen2_pipeline::lora::{Adapter, LoraConfig};
use omnigen2_pipeline::{ImageRequest, OmniGen2, pixels::Size};
use omnigen2_train::{Decay, Examples, Mixture, Part, Precise, Rate, Recipe, Run, Validation};

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/tiny-checkpoint")
}

fn recipe(out: &Path) -> Recipe {
    let text = format!(
        "checkpoint = {:?}\nout = {:?}\nlearn = [\"transformer\", \"mllm\", \"vit\"]\nsteps = 40\nbatch = 2\n\
         accumulate = 2\nseed = 3\nsave_every = 20\n[rate]\npeak = 1e-3\nwarm_up = 5\ndecay = \"cosine\"\n\
         [optimiser]\nmuon = 0.9\n[weights]\nprompt_dropout = 0.2\n[examples.shapes]\ntext_to_image = 2\nedit = 1\ntalk = 1\n",
        tiny(),
        out
    );
    let path = out.join("recipe.toml");
    fs::write(&path, text).unwrap();
    Recipe::read(&path).unwrap()
}

fn follow(recipe: &Recipe, steps: usize) -> Vec<f64> {
    let run = Run::begin(recipe.clone(), &Device::flex()).unwrap();
    run.take(steps).map(|progress| progress.unwrap().loss).collect()
}

#[test]
fn a_run_that_was_cut_off_comes_to_the_same_numbers() {
    let [whole, parts] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let losses = follow(&recipe(whole.path()), 40);
    assert_eq!(losses.len(), 40);
    // The last steps before the end are lost with the process.
    let first = follow(&recipe(parts.path()), 23);
    let rest = follow(&recipe(parts.path()), 40);
    assert_eq!(losses, [&first[..20], &rest].concat());
    let read = |folder: &Path, file: &str| fs::read(folder.join(file)).unwrap();
    for file in
        ["state.safetensors", "curve.csv", "checkpoint/transformer/diffusion_pytorch_model.safetensors"]
    {
        assert!(read(whole.path(), file) == read(parts.path(), file), "{file} differs");
    }
    // A run that was cut off after its last state still writes what was learnt.
    let checkpoint = parts.path().join("checkpoint");
    fs::remove_dir_all(&checkpoint).unwrap();
    assert!(follow(&recipe(parts.path()), 1).is_empty());
    assert!(checkpoint.join("model_index.json").exists());
    // What was learnt from is no more, or its index of shards would be read.
    for part in ["transformer", "mllm"] {
        let files = fs::read_dir(whole.path().join("checkpoint").join(part)).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        assert_eq!(names.filter(|name| name.contains("safetensors")).count(), 1, "{part}");
    }
    // What came of it is a checkpoint like any other.
    let mut omnigen2 = OmniGen2::load(whole.path().join("checkpoint"), &Device::flex()).unwrap();
    let request = ImageRequest::new("a red circle").size(Size::new(32, 32)).steps(2);
    assert_eq!(omnigen2.generate(&request).unwrap().finish().unwrap().len(), 1);
}

#[test]
fn a_fresh_autoencoder_learns_and_half_precision_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let examples = Examples::Shapes(Mixture { pictures: 1.0, ..Mixture::default() });
    let rate = Rate { peak: 2e-3, warm_up: 2, decay: Decay::Constant, least: 0.0 };
    let learn = vec![Part::Vae];
    let recipe =
        Recipe { learn: learn.clone(), fresh: learn, steps: 12, examples, rate, ..recipe(folder.path()) };
    let losses = follow(&Recipe { precise: Precise::F16, ..recipe }, 12);
    assert!(losses[11] < losses[0], "{losses:?}");
    let mut omnigen2 = OmniGen2::load(folder.path().join("checkpoint"), &Device::flex()).unwrap();
    let kept = omnigen2.reconstruct(&omnigen2_pipeline::pixels::RgbImage::new(32, 32)).unwrap();
    assert_eq!(kept.dimensions(), (32, 32));
}

#[test]
fn adapters_alone_are_learnt_from_a_recipe_and_pictures_show_how_far_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data.jsonl");
    let picture = folder.path().join("picture.png");
    omnigen2_pipeline::pixels::RgbImage::from_pixel(32, 32, [200, 30, 30].into()).save(&picture).unwrap();
    let line = format!("{{\"instruction\": \"a red picture\", \"output_image\": {picture:?}}}\n");
    fs::write(&data, line.repeat(4)).unwrap();
    let lora = Some(LoraConfig { rank: 2, ..LoraConfig::default() });
    let settings = ImageRequest::default().size(Size::new(32, 32)).steps(2);
    let validation = Some(Validation { every: 10, prompts: vec!["a red picture".into()], settings });
    let recipe = Recipe {
        learn: vec![Part::Transformer],
        examples: Examples::File(data),
        steps: 20,
        lora,
        validation,
        ..recipe(folder.path())
    };
    let losses = follow(&recipe, 20);
    assert_eq!(losses.len(), 20);
    for name in ["step-000010-1.png", "step-000020-1.png"] {
        let picture = image::open(folder.path().join("validation").join(name)).unwrap();
        assert_eq!((picture.width(), picture.height()), (32, 32));
    }
    let adapter = Adapter::open(folder.path().join("checkpoint")).unwrap();
    assert!(adapter.layers().count() > 0);
    let states = fs::metadata(folder.path().join("state.safetensors")).unwrap().len();
    let whole =
        fs::read_dir(tiny().join("transformer")).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    assert!(states < whole.sum(), "only what learns is remembered");
    let everything = Recipe { learn: vec![Part::Transformer, Part::Mllm], ..recipe };
    assert!(everything.validate().unwrap_err().to_string().starts_with("lora"));
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_keeps_its_last_state() {
    let folder = tempfile::tempdir().unwrap();
    let mut recipe = recipe(folder.path());
    recipe.save_every = 1;
    recipe.rate = Rate { peak: 1e30, warm_up: 0, decay: Decay::Constant, least: 0.0 };
    let run = Run::begin(recipe, &Device::flex()).unwrap();
    let outcome: Vec<_> = run.take(10).collect();
    let good = outcome.iter().filter(|progress| progress.is_ok()).count();
    let error = outcome.iter().find_map(|progress| progress.as_ref().err()).unwrap().to_string();
    assert!(error.contains(&format!("step {}", good + 1)) && error.contains("lower rate"), "{error}");
    assert!(folder.path().join("state.safetensors").exists());
}

#[test]
fn what_is_wrong_with_a_recipe_or_a_state_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.toml");
    let cases = [
        ("steps = 1", "checkpoint"),
        ("checkpoint = \"a\"\nout = \"b\"\nlearn = []\nsteps = 1\nbatch = 1\n[examples.shapes]", "learn"),
        (
            "checkpoint = \"a\"\nout = \"b\"\nlearn = [\"vae\", \"mllm\"]\nsteps = 1\nbatch = 1\n[examples.shapes]",
            "alone",
        ),
        (
            "checkpoint = \"a\"\nout = \"b\"\nlearn = [\"vae\"]\nsteps = 0\nbatch = 1\n[examples.shapes]",
            "steps",
        ),
        ("checkpoint = \"a\"\nrat = 1", "rat"),
    ];
    for (text, expected) in cases {
        fs::write(&path, text).unwrap();
        let error = Recipe::read(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let recipe = recipe(folder.path());
    for bytes in [&b"no state"[..], &[255; 64]] {
        fs::write(folder.path().join("state.safetensors"), bytes).unwrap();
        let error = Run::begin(recipe.clone(), &Device::flex()).unwrap_err().to_string();
        assert!(error.contains("state.safetensors") && error.contains("begin anew"), "{error}");
    }
}
