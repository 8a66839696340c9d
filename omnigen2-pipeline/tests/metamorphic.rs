//! Ways to ask for the same picture, which must be the same.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::prelude::*;
use half::bf16;
use image::{Rgb, RgbImage};
use omnigen2_pipeline::memory::Fit;
use omnigen2_pipeline::noise::standard_normal;
use omnigen2_pipeline::pixels::{Planes, Size};
use omnigen2_pipeline::weights::{Naming, Storage};
use omnigen2_pipeline::{Builder, CachePolicy, Error, Guidance, ImageRequest, Memory, OmniGen2};
use omnigen2_vae::Tile;
use safetensors::tensor::{Dtype, TensorView};
use tempfile::TempDir;

/// Sums in F32 may be ordered otherwise, and differences grow over the steps.
const TOLERANCE: f32 = 1e-4;

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-checkpoint")
}

fn builder(checkpoint: &Path) -> Builder {
    OmniGen2::builder(&Device::flex()).checkpoint(checkpoint).unwrap()
}

fn request() -> ImageRequest {
    let picture = RgbImage::from_fn(48, 32, |x, y| Rgb([x as u8 * 5, y as u8 * 7, (x * y) as u8]));
    ImageRequest::new("make it red").negative("blurry").reference(picture).steps(3).seed(11)
}

fn draw(omnigen2: &mut OmniGen2, request: &ImageRequest) -> Vec<Planes> {
    omnigen2.generate(request).unwrap().finish_planes().unwrap()
}

fn difference(a: &[Planes], b: &[Planes]) -> f32 {
    assert_eq!(a.len(), b.len());
    let values = |planes: &[Planes]| planes.iter().flat_map(|p| p.values().to_vec()).collect::<Vec<_>>();
    values(a).iter().zip(values(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn a_seed_gives_the_same_picture_twice_and_another_one_another() {
    let mut omnigen2 = builder(&tiny()).build().unwrap();
    let first = draw(&mut omnigen2, &request());
    assert_eq!(difference(&first, &draw(&mut omnigen2, &request())), 0.0);
    assert_eq!(difference(&first, &draw(&mut builder(&tiny()).build().unwrap(), &request())), 0.0);
    assert!(difference(&first, &draw(&mut omnigen2, &request().seed(12))) > TOLERANCE);
    assert!(
        difference(&first, &draw(&mut omnigen2, &ImageRequest { prompt: "x".into(), ..request() })) > 0.0
    );
}

#[test]
fn several_pictures_at_once_equal_each_alone() {
    let device = Device::flex();
    let mut omnigen2 = builder(&tiny()).build().unwrap();
    let together = draw(&mut omnigen2, &request().count(3));
    let noise = standard_normal(11, 3 * 16 * 4 * 6);
    for (i, noise) in noise.chunks(16 * 4 * 6).enumerate() {
        let noise = Tensor::<1>::from_floats(noise, &device).reshape([1, 16, 4, 6]);
        let alone = omnigen2.generate_from(&request(), noise).unwrap().finish_planes().unwrap();
        assert!(difference(&together[i..=i], &alone) < TOLERANCE);
    }
}

#[test]
fn several_requests_at_once_equal_each_alone() {
    for memory in [Memory::Resident, Memory::Staged] {
        let mut omnigen2 = builder(&tiny()).memory(memory).build().unwrap();
        let requests = [request(), ImageRequest::new("a fox").size(Size::new(32, 48)).steps(2)];
        let together = omnigen2.generate_all(&requests).unwrap().finish_planes().unwrap();
        for (request, picture) in requests.iter().zip(&together) {
            assert_eq!(difference(std::slice::from_ref(picture), &draw(&mut omnigen2, request)), 0.0);
        }
    }
}

#[test]
fn guidance_of_one_equals_none() {
    let mut omnigen2 = builder(&tiny()).build().unwrap();
    let plain = draw(&mut omnigen2, &request().guidance(Guidance::NONE));
    let outside = Guidance { text: 1.0, image: 3.0, range: [0.0, 0.5] };
    assert_eq!(difference(&plain, &draw(&mut omnigen2, &request().guidance(outside))), 0.0);
    assert!(difference(&plain, &draw(&mut omnigen2, &request())) > TOLERANCE);
}

#[test]
fn a_step_cache_that_never_skips_equals_none() {
    let mut omnigen2 = builder(&tiny()).build().unwrap();
    let plain = draw(&mut omnigen2, &request());
    for careful in [
        CachePolicy::TeaCache { threshold: 0.0 },
        CachePolicy::FirstBlock { threshold: 0.0 },
        CachePolicy::MagCache { threshold: 0.0 },
        CachePolicy::Auto { error: 0.0 },
    ] {
        let careful = request().step_cache(careful);
        assert_eq!(difference(&plain, &draw(&mut omnigen2, &careful)), 0.0);
    }
}

#[test]
fn steps_are_foretold_where_an_error_is_allowed() {
    let mut omnigen2 = builder(&tiny()).build().unwrap();
    let mut latents = |error| {
        let request = request().steps(12).step_cache(CachePolicy::Auto { error });
        let mut generation = omnigen2.generate(&request).unwrap();
        for step in &mut generation {
            step.unwrap();
        }
        generation.latents().clone()
    };
    let [plain, near, far] = [0.0, 0.01, 10.0].map(&mut latents);
    let error = |x: Tensor<4>| {
        let length = |x: Tensor<4>| x.square().sum().sqrt().into_scalar::<f32>();
        length(x - plain.clone()) / length(plain.clone())
    };
    let [near, far] = [near, far].map(error);
    assert!(near < far && far > 0.1, "{near} {far}");
}

#[test]
fn staged_or_resident_tiled_or_whole_the_picture_is_the_same() {
    let plain = draw(&mut builder(&tiny()).build().unwrap(), &request());
    let staged = draw(&mut builder(&tiny()).memory(Memory::Staged).build().unwrap(), &request());
    assert_eq!(difference(&plain, &staged), 0.0);
    for rows in [1, 5, 16] {
        let tiled = draw(&mut builder(&tiny()).tile(Tile::rows(rows)).build().unwrap(), &request());
        assert!(difference(&plain, &tiled) < TOLERANCE);
    }
}

#[test]
fn shards_or_one_file_f32_or_bf16_the_picture_is_the_same() {
    let draw = |checkpoint: &Path, storage| {
        draw(&mut builder(checkpoint).storage(storage).build().unwrap(), &request())
    };
    let sharded = draw(&tiny(), Storage::AsStored);
    let one = copy(&tiny(), Kind::F32);
    assert_eq!(difference(&sharded, &draw(one.path(), Storage::AsStored)), 0.0);

    let half = copy(&tiny(), Kind::Bf16);
    let half_drawn = draw(half.path(), Storage::AsStored);
    assert_eq!(difference(&half_drawn, &draw(half.path(), Storage::Auto)), 0.0);
    assert_eq!(difference(&half_drawn, &draw(&tiny(), Storage::Bf16)), 0.0);
    let rounded = copy(&tiny(), Kind::RoundedF32);
    let rounded = draw(rounded.path(), Storage::AsStored);
    assert!(difference(&rounded, &half_drawn) < TOLERANCE);
    assert!(difference(&rounded, &sharded) > TOLERANCE);
}

#[test]
fn automatic_storage_rounds_all_matrices_but_those_of_the_vae() {
    let narrowed = draw(&mut builder(&tiny()).build().unwrap(), &request());
    let rounded = copy(&tiny(), Kind::Bf16Matrices);
    let rounded = builder(rounded.path()).storage(Storage::AsStored).build();
    assert_eq!(difference(&narrowed, &draw(&mut rounded.unwrap(), &request())), 0.0);
}

#[test]
fn memory_is_staged_where_not_all_fits_and_the_picture_is_the_same() {
    // Weights in another type than the file's must be held.
    let held = || builder(&tiny()).storage(Storage::Bf16);
    let plan = held().memory_limit(1 << 30).plan(&request()).unwrap();
    assert_eq!((plan.memory, plan.fit()), (Memory::Resident, Fit::Fits));
    let limit = plan.peak();
    let plan = held().memory_limit(limit).plan(&request()).unwrap();
    assert_eq!((plan.memory, plan.fit()), (Memory::Staged, Fit::Fits));
    assert!(plan.peak() < limit);
    let staged = draw(&mut held().memory_limit(limit).build().unwrap(), &request());
    assert_eq!(difference(&staged, &draw(&mut held().build().unwrap(), &request())), 0.0);

    let resident = held().memory(Memory::Resident).memory_limit(plan.peak());
    let refused = resident.build().unwrap().generate(&request()).unwrap_err();
    let Error::DoesNotFit(shortage) = &refused else { panic!("{refused}") };
    assert!(shortage.alternatives.contains(&"staged memory".to_owned()), "{refused}");
    let unplanned = OmniGen2::builder(&Device::flex()).plan(&request()).unwrap_err();
    assert!(matches!(unplanned, Error::PartMissing { part: "checkpoint" }));
    assert!(size_of::<Error>() < 128);
}

#[test]
fn progress_is_told_and_a_dropped_generation_leaves_the_pipeline_usable() {
    let mut omnigen2 = builder(&tiny()).memory(Memory::Staged).build().unwrap();
    let mut generation = omnigen2.generate(&request()).unwrap();
    assert_eq!(generation.total_steps(), 3);
    let step = generation.next().unwrap().unwrap();
    assert_eq!((step.request, step.index, step.steps), (0, 1, 3));
    let preview = generation.preview().unwrap();
    assert_eq!(preview[0].dimensions(), (48, 32));
    drop(generation);
    let fresh = draw(&mut builder(&tiny()).build().unwrap(), &request());
    assert_eq!(difference(&fresh, &draw(&mut omnigen2, &request())), 0.0);
}

#[test]
fn other_names_of_the_same_tensors_give_the_same_picture() {
    let plain = draw(&mut builder(&tiny()).build().unwrap(), &request());
    let renamed = copy(&tiny(), Kind::OtherNames);
    assert_eq!(difference(&plain, &draw(&mut builder(renamed.path()).build().unwrap(), &request())), 0.0);
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    F32,
    OtherNames,
    RoundedF32,
    /// What is no matrix stays F32, and so does the VAE.
    Bf16Matrices,
    Bf16,
}

/// What repackaged files call a tensor: ComfyUI's prefix, newer transformers' nesting, FLUX's own names.
fn other_name(part: &str, name: &str) -> String {
    let flux = Naming { tables: &[omnigen2_vae::FLUX_NAMES], ..Naming::of("vae") };
    match (part, name.strip_prefix("model.")) {
        ("transformer", _) => format!("model.diffusion_model.{name}"),
        ("mllm", Some(text)) => format!("model.language_model.{text}"),
        ("mllm", None) => format!("model.{name}"),
        _ => flux.rename(name),
    }
}

/// The checkpoint with each part in one file of the kind.
fn copy(checkpoint: &Path, kind: Kind) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for part in ["transformer", "mllm", "vae", "processor"] {
        let (from, to) = (checkpoint.join(part), folder.path().join(part));
        std::fs::create_dir(&to).unwrap();
        let mut tensors = BTreeMap::new();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.ends_with(".safetensors") {
                let kind = if part == "vae" && kind == Kind::Bf16Matrices { Kind::F32 } else { kind };
                convert(&std::fs::read(path).unwrap(), kind, &mut tensors);
            } else if !name.ends_with(".index.json") {
                std::fs::copy(&path, to.join(name)).unwrap();
            }
        }
        if !tensors.is_empty() {
            let views = tensors.iter().map(|(name, Stored { dtype, shape, bytes }): (&String, &Stored)| {
                let name = if kind == Kind::OtherNames { other_name(part, name) } else { name.to_owned() };
                (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
            });
            safetensors::serialize_to_file(views, None, &to.join("model.safetensors")).unwrap();
        }
    }
    folder
}

struct Stored {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

fn convert(file: &[u8], kind: Kind, tensors: &mut BTreeMap<String, Stored>) {
    for (name, view) in safetensors::SafeTensors::deserialize(file).unwrap().iter() {
        let values = view.data().as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes));
        let (dtype, bytes) = match kind {
            Kind::RoundedF32 => {
                (Dtype::F32, values.flat_map(|v| bf16::from_f32(v).to_f32().to_le_bytes()).collect())
            }
            Kind::Bf16Matrices if view.shape().len() < 2 => (Dtype::F32, view.data().to_vec()),
            Kind::F32 | Kind::OtherNames => (Dtype::F32, view.data().to_vec()),
            Kind::Bf16 | Kind::Bf16Matrices => {
                (Dtype::BF16, values.flat_map(|v| bf16::from_f32(v).to_le_bytes()).collect())
            }
        };
        tensors.insert(name.to_owned(), Stored { dtype, shape: view.shape().to_vec(), bytes });
    }
}
