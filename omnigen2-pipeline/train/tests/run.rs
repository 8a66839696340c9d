//! Runs of training: going on, stopping, and what comes of them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use burn::prelude::Device;
use omnigen2_pipeline::lora::{Adapter, LoraConfig};
use omnigen2_pipeline::{ImageRequest, OmniGen2, pixels::Size};
use omnigen2_train::{Decay, Examples, Mixture, Part, Precise, Rate, Recipe, Run, Validation};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

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

const DIVERGING: Rate = Rate { peak: 1e30, warm_up: 0, decay: Decay::Constant, least: 0.0 };

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_keeps_its_last_good_state() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = Recipe { save_every: 1, ..recipe(folder.path()) };
    follow(&recipe, 3);
    let state = folder.path().join("state.safetensors");
    let good = fs::read(&state).unwrap();
    let mut run = Run::begin(Recipe { rate: DIVERGING, ..recipe.clone() }, &Device::flex()).unwrap();
    assert_eq!(run.next().unwrap().unwrap().step, 4);
    assert!(run.save().unwrap_err().to_string().contains("step 5"));
    let error = run.next().unwrap().unwrap_err().to_string();
    assert!(error.contains("step 5") && error.contains("lower rate"), "{error}");
    drop(run);
    assert!(fs::read(&state).unwrap() == good, "what diverges was kept");
    assert_eq!(follow(&recipe, 1).len(), 1);
}

#[test]
fn what_diverges_is_not_published() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = Recipe { steps: 1, rate: DIVERGING, ..recipe(folder.path()) };
    let error = Run::begin(recipe, &Device::flex()).unwrap().next().unwrap().unwrap_err().to_string();
    assert!(error.contains("step 2"), "{error}");
    assert!(!folder.path().join("checkpoint").exists() && !folder.path().join("state.safetensors").exists());
}

#[test]
fn adapters_that_diverge_are_said_to_and_not_drawn_with() {
    let folder = tempfile::tempdir().unwrap();
    let settings = ImageRequest::default().size(Size::new(32, 32)).steps(2);
    let recipe = Recipe {
        learn: vec![Part::Transformer],
        lora: Some(LoraConfig { rank: 2, ..LoraConfig::default() }),
        examples: Examples::Shapes(Mixture { text_to_image: 1.0, ..Mixture::default() }),
        validation: Some(Validation { every: 1, prompts: vec!["a red circle".into()], settings }),
        rate: DIVERGING,
        ..recipe(folder.path())
    };
    let mut run = Run::begin(recipe, &Device::flex()).unwrap();
    let error = run.find_map(Result::err).unwrap().to_string();
    assert!(error.contains("lower rate"), "{error}");
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

/// A state of which one tensor is another.
fn with_other(state: &[u8], name: &str, other: &TensorView<'_>) -> Vec<u8> {
    let tensors = SafeTensors::deserialize(state).unwrap();
    let (_, header) = SafeTensors::read_metadata(state).unwrap();
    let views =
        tensors.iter().map(|(at, view)| (at.to_owned(), if at == name { other.clone() } else { view }));
    safetensors::serialize(views.collect::<Vec<_>>(), header.metadata().clone()).unwrap()
}

#[test]
fn a_state_with_numbers_of_another_length_or_type_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = Recipe { save_every: 1, ..recipe(folder.path()) };
    follow(&recipe, 1);
    let path = folder.path().join("state.safetensors");
    let state = fs::read(&path).unwrap();
    let names: Vec<String> =
        SafeTensors::deserialize(&state).unwrap().names().into_iter().map(str::to_owned).collect();
    for part in ["weight/", "average/", "first/", "second/"] {
        let name = names.iter().find(|name| name.starts_with(part)).unwrap();
        for (dtype, expected) in [(Dtype::F32, "expected"), (Dtype::I32, "expected F32")] {
            let other = TensorView::new(dtype, vec![1], &[0; 4]).unwrap();
            fs::write(&path, with_other(&state, name, &other)).unwrap();
            let error = Run::begin(recipe.clone(), &Device::flex()).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(expected), "{error}");
        }
    }
    fs::write(&path, state).unwrap();
    assert_eq!(follow(&recipe, 1).len(), 1);
}

#[test]
fn two_runs_in_one_folder_are_one_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = recipe(folder.path());
    let run = Run::begin(recipe.clone(), &Device::flex()).unwrap();
    let error = Run::begin(recipe.clone(), &Device::flex()).unwrap_err().to_string();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    drop(run);
    Run::begin(recipe, &Device::flex()).unwrap();
}

#[test]
fn a_run_does_not_write_into_what_it_begins_with() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        (tiny(), tiny().join("vae/../new/out"), "out: "),
        (tiny(), tiny(), "out: "),
        (folder.path().join("out/checkpoint"), folder.path().join("out"), "checkpoint: "),
    ];
    for (checkpoint, out, expected) in cases {
        let recipe = Recipe { checkpoint, out, ..recipe(folder.path()) };
        let error = Run::begin(recipe, &Device::flex()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    assert!(!tiny().join("new").exists());
}

#[test]
fn nothing_of_what_was_there_before_is_in_a_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let recipe = Recipe { steps: 1, ..recipe(folder.path()) };
    let stale =
        [".omnigen2-4000000-7", "checkpoint/transformer/old.safetensors"].map(|f| folder.path().join(f));
    fs::create_dir_all(folder.path().join("checkpoint/transformer")).unwrap();
    stale.iter().for_each(|file| fs::write(file, "old").unwrap());
    follow(&recipe, 1);
    assert!(stale.iter().all(|file| !file.exists()));
    // Settings that change what is written change what is there.
    let weights = folder.path().join("checkpoint/transformer/diffusion_pytorch_model.safetensors");
    let wide = fs::metadata(&weights).unwrap().len();
    follow(&Recipe { precise: Precise::F16, ..recipe }, 0);
    assert!(fs::metadata(&weights).unwrap().len() < wide);
}
