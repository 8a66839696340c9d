use burn::module::{Module, ModuleVisitor, Param};
use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_pipeline::Checkpoint;
use omnigen2_pipeline::lora::{Adapter, LoraConfig, attach, fresh, merge, save};
use omnigen2_pipeline::weights::{Storage, inventory};

use crate::place::{Place, difference, layer, tiny, velocity};

/// F32 sums of values of size 1 in another order.
const TOLERANCE: f32 = 2e-5;

/// The numbers and types of all parameters.
#[derive(Default)]
struct Weights {
    numbers: Vec<Vec<f32>>,
    types: Vec<DType>,
}

impl Weights {
    fn of<M: Module>(module: &M) -> Self {
        let mut weights = Self::default();
        module.visit(&mut weights);
        weights
    }
}

impl ModuleVisitor for Weights {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        let value = parameter.val();
        self.types.push(value.dtype());
        self.numbers.push(value.into_data().iter::<f32>().collect());
    }
}

#[test]
fn in_the_weights_is_as_beside_them() {
    let place = Place::new();
    let dit = tiny(&Device::flex());
    let base = velocity(&dit);
    let adapters = [place.adapter(1).scaled(0.7).unwrap()];
    let beside = attach(dit.clone(), &adapters).unwrap();
    let within = merge(dit.clone(), &adapters).unwrap();
    assert!(difference(&velocity(&beside), &base) > 100.0 * TOLERANCE);
    assert!(difference(&velocity(&beside), &velocity(&within)) < TOLERANCE);
    assert_eq!(inventory(&within), inventory(&dit));
    assert_eq!(Weights::of(&beside.materialize()).numbers, Weights::of(&within).numbers);
}

#[test]
fn the_network_that_was_adapted_is_as_before() {
    let place = Place::new();
    let dit = tiny(&Device::flex());
    let (base, weights) = (velocity(&dit), Weights::of(&dit).numbers);
    let _beside = attach(dit.clone(), &[place.adapter(1)]).unwrap();
    let _within = merge(dit.clone(), &[place.adapter(1)]).unwrap();
    assert_eq!(velocity(&dit), base);
    assert_eq!(Weights::of(&dit).numbers, weights);
    let none = attach(dit, &[place.adapter(1).scaled(0.0).unwrap()]).unwrap();
    assert_eq!(velocity(&none), base);
}

#[test]
fn several_add_up_with_their_scales() {
    let place = Place::new();
    let dit = tiny(&Device::flex());
    let (a, b) = (place.adapter(1).scaled(0.5).unwrap(), place.adapter(20).scaled(-1.5).unwrap());
    let pair = [a, b];
    let one_by_one = pair.chunks(1).fold(dit.clone(), |dit, one| merge(dit, one).unwrap());
    let expected = velocity(&one_by_one);
    assert!(difference(&velocity(&attach(dit.clone(), &pair).unwrap()), &expected) < TOLERANCE);
    assert!(difference(&velocity(&merge(dit, &pair).unwrap()), &expected) < TOLERANCE);
}

#[test]
fn any_linear_layer_can_change() {
    let place = Place::new();
    let dit = tiny(&Device::flex());
    let config = LoraConfig {
        rank: 1,
        alpha: 1.0,
        targets: [
            "linear",
            "1",
            "linear_1",
            "linear_2",
            "linear_3",
            "to_k",
            "x_embedder",
            "ref_image_patch_embedder",
        ]
        .map(str::to_owned)
        .into(),
    };
    let adapted = fresh(dit.clone(), &config, 3).unwrap();
    let path = place.file("all.safetensors");
    save(&adapted, &path).unwrap();
    let adapter = Adapter::open(&path).unwrap();
    adapter.check(&dit).unwrap();
    for name in
        ["time_caption_embed.caption_embedder.1", "norm_out.linear_2", "layers.1.norm1.linear", "x_embedder"]
    {
        assert!(adapter.layers().any(|layer| layer == name), "{name}");
    }
}

#[test]
fn the_types_of_weights_at_rest_stay() {
    let place = Place::new();
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let adapter = Adapter::open(fixtures.join("goldens/lora/reference")).unwrap_or_else(|_| place.adapter(1));
    let checkpoint = Checkpoint::open(fixtures.join("tiny-checkpoint")).unwrap();
    let dit = checkpoint.load_dit(&Device::flex(), Storage::Auto).unwrap();
    let merged = merge(dit.clone(), &[adapter]).unwrap();
    let (before, after) = (Weights::of(&dit), Weights::of(&merged));
    assert_eq!(before.types, after.types);
    assert!(before.types.contains(&DType::BF16));
    let changed = before.numbers.iter().zip(&after.numbers).filter(|(a, b)| a != b).count();
    assert_eq!(changed, 5);
}

#[test]
fn fresh_adapters_change_nothing_and_follow_their_seed() {
    let dit = tiny(&Device::flex());
    let config = LoraConfig { rank: 4, ..LoraConfig::default() };
    let begun = |seed| fresh(dit.clone(), &config, seed).unwrap();
    assert_eq!(velocity(&begun(1)), velocity(&dit));
    let numbers = |seed| Weights::of(&begun(seed)).numbers;
    assert_eq!(numbers(1), numbers(1));
    assert_ne!(numbers(1), numbers(2));
    let factors = inventory(&begun(1)).len() - inventory(&dit).len();
    assert_eq!(factors, 3 * 4 * (1 + 1 + 1 + 2));
}

#[test]
fn what_is_saved_comes_back() {
    let place = Place::new();
    let dit = tiny(&Device::flex());
    let adapted = attach(dit.clone(), &[place.adapter(1).scaled(0.4).unwrap(), place.adapter(20)]).unwrap();
    let path = place.file("saved.safetensors");
    save(&adapted, &path).unwrap();
    let saved = Adapter::open(&path).unwrap();
    assert_eq!((saved.rank(), saved.layers().count()), (4, 2));
    assert_eq!(velocity(&attach(dit, &[saved]).unwrap()), velocity(&adapted));

    let bytes = std::fs::read(&path).unwrap();
    let names = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert!(names.tensor("transformer.layers.1.attn.to_out.0.lora_B.weight").is_ok());
}

#[test]
fn what_cannot_be_begun_or_saved_is_said() {
    let place = Place::new();
    let dit = tiny(&Device::flex());
    let refused = |config: LoraConfig| fresh(dit.clone(), &config, 1).unwrap_err().to_string();
    let config = LoraConfig::default;
    assert!(refused(LoraConfig { rank: 0, ..config() }).contains("1 to 12"));
    assert!(refused(LoraConfig { rank: 13, ..config() }).contains("the rank of the adapters is 13"));
    assert!(refused(LoraConfig { alpha: f64::NAN, ..config() }).contains("NaN"));
    assert!(refused(LoraConfig { targets: vec!["o_q".into()], ..config() }).contains("\"o_q\""));
    assert!(refused(LoraConfig { targets: Vec::new(), ..config() }).contains("none"));

    let adapted = attach(dit.clone(), &[place.adapter(1)]).unwrap();
    assert!(attach(adapted.clone(), &[place.adapter(1)]).unwrap_err().to_string().contains("already"));
    assert!(fresh(adapted.clone(), &config(), 1).unwrap_err().to_string().contains("already"));
    assert!(save(&dit, place.file("none")).unwrap_err().to_string().contains("none to save"));
    let nowhere = place.file("no/such/folder/a.safetensors");
    assert!(save(&adapted, nowhere).unwrap_err().to_string().contains("cannot write the adapter"));
    let foreign = place.write("foreign.safetensors", &layer("layers.9.attn.to_q", [24, 24], 1));
    assert!(merge(dit, &[Adapter::open(foreign).unwrap()]).unwrap_err().to_string().contains("layers.9"));
}
