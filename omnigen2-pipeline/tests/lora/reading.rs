use std::fs;

use burn::prelude::*;
use omnigen2_pipeline::lora::{Adapter, attach, merge};

use crate::place::{Factor, Place, difference, factor, layer, opened, tiny, velocity};

const LAYER: &str = "layers.0.attn.to_q";

/// What is said of the factors of one layer as `edit` changes them.
fn refused(edit: impl FnOnce(&mut Vec<Factor>)) -> String {
    let place = Place::new();
    let mut factors = layer(LAYER, [24, 24], 1);
    edit(&mut factors);
    let error = opened(&place.write("a.safetensors", &factors)).unwrap_err().to_string();
    assert!(error.contains("a.safetensors"), "{error}");
    error
}

fn assert_says(error: &str, parts: &[&str]) {
    assert!(parts.iter().all(|part| error.contains(part)), "{parts:?} are not in: {error}");
}

#[test]
fn dialects_of_one_adapter_do_the_same() {
    let place = Place::new();
    let (device, factors) = (Device::flex(), layer(LAYER, [24, 24], 1));
    let dit = tiny(&device);
    let velocity = |adapter: Adapter| velocity(&attach(dit.clone(), &[adapter]).unwrap());
    let expected = velocity(opened(&place.write("a.safetensors", &factors)).unwrap());
    let beginnings = ["", "diffusion_model.", "model.diffusion_model.", "base_model.model."];
    let names = [
        ["lora_A.weight", "lora_B.weight"],
        ["lora_A.default.weight", "lora_B.default.weight"],
        ["lora_down.weight", "lora_up.weight"],
    ];
    for beginning in beginnings {
        for names in names {
            let mut renamed = factors.clone();
            for (factor, name) in renamed.iter_mut().zip(names) {
                factor.name = format!("{beginning}{LAYER}.{name}");
            }
            let adapter = opened(&place.write("b.safetensors", &renamed)).unwrap();
            assert_eq!(velocity(adapter), expected, "{beginning} {names:?}");
        }
    }
}

#[test]
fn alphas_come_from_tensor_folder_or_header() {
    let place = Place::new();
    let dit = tiny(&Device::flex());
    let factors = layer(LAYER, [24, 24], 1);
    let velocity = |adapter: Adapter| velocity(&attach(dit.clone(), &[adapter]).unwrap());
    let plain = opened(&place.write("plain.safetensors", &factors)).unwrap();
    let half = velocity(plain.clone().scaled(0.5).unwrap());
    assert_ne!(velocity(plain), half);

    let alpha = Factor { name: format!("{LAYER}.alpha"), shape: vec![], numbers: vec![1.0] };
    let with_alpha = [factors.clone(), vec![alpha]].concat();
    assert_eq!(velocity(opened(&place.write("alpha.safetensors", &with_alpha)).unwrap()), half);

    for metadata in [r#"{"transformer.lora_alpha": 1, "transformer.r": 2}"#, r#"{"lora_alpha": 1.0}"#] {
        let path = place.write_with("header.safetensors", &factors, Some(metadata));
        assert_eq!(velocity(opened(&path).unwrap()), half, "{metadata}");
    }

    let folder = place.file("peft");
    fs::create_dir(&folder).unwrap();
    place.write("peft/adapter_model.safetensors", &factors);
    place.write("peft/other.safetensors", &[]);
    fs::write(folder.join("adapter_config.json"), r#"{"peft_type": "LORA", "lora_alpha": 1, "r": 2}"#)
        .unwrap();
    assert_eq!(velocity(opened(&folder).unwrap()), half);
}

#[test]
fn a_file_of_half_numbers_is_read() {
    let place = Place::new();
    let path = place.file("half.safetensors");
    let bytes: Vec<u8> = [0x3f80_u16; 48].into_iter().flat_map(u16::to_le_bytes).collect();
    let view = |shape: [usize; 2]| {
        safetensors::tensor::TensorView::new(safetensors::Dtype::BF16, shape.into(), &bytes).unwrap()
    };
    let views = [
        (format!("{LAYER}.lora_A.weight"), view([2, 24])),
        (format!("{LAYER}.lora_B.weight"), view([24, 2])),
    ];
    fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    let dit = tiny(&Device::flex());
    let adapter = opened(&path).unwrap();
    assert_eq!((adapter.rank(), adapter.parameters()), (2, 96));
    assert!(difference(&velocity(&merge(dit.clone(), &[adapter]).unwrap()), &velocity(&dit)) > 0.0);
}

#[test]
fn an_adapter_is_opened_by_its_index() {
    let place = Place::new();
    let factors = layer(LAYER, [24, 24], 1);
    let whole = place.write("a.safetensors", &factors);
    place.write_with("one.safetensors", &factors[..1], Some(r#"{"lora_alpha": 1.0}"#));
    place.write("two.safetensors", &factors[1..]);
    let shards = [(&factors[0].name, "one.safetensors"), (&factors[1].name, "two.safetensors")];
    let map = std::collections::BTreeMap::from(shards);
    let index = place.file("a.safetensors.index.json");
    fs::write(&index, serde_json::json!({ "weight_map": map }).to_string()).unwrap();
    let dit = tiny(&Device::flex());
    let velocity = |adapter: Adapter| velocity(&attach(dit.clone(), &[adapter]).unwrap());
    let half = opened(&whole).unwrap().scaled(0.5).unwrap();
    assert_eq!(velocity(opened(&index).unwrap()), velocity(half));
}

#[test]
fn tensors_that_fit_nothing_are_named() {
    let no_layer = refused(|factors| factors.extend(layer("layers.7.attn.to_q", [24, 24], 5)));
    assert_says(
        &no_layer,
        &["transformer.layers.7.attn.to_q.lora_A.weight", "no linear layer layers.7.attn.to_q"],
    );
    let key = refused(|factors| factors.push(factor("layers.0.attn.to_q.diff", &[24, 24], 5)));
    assert_says(&key, &["layers.0.attn.to_q.diff", "lora_A.weight"]);
    let table = refused(|factors| factors.extend(layer("image_index_embedding", [5, 24], 5)));
    assert_says(&table, &["image_index_embedding", "no linear layer"]);
    for beginning in ["mllm.model", "base_model.model.model", "model.language_model"] {
        let name = format!("{beginning}.layers.0.self_attn.q_proj.lora_A.weight");
        let language = refused(|factors| factors.push(factor(&name, &[2, 4], 5)));
        assert_says(&language, &[&name, "changes the language model"]);
    }
}

#[test]
fn factors_that_do_not_fit_each_other_are_named() {
    let lone = refused(|factors| drop(factors.pop()));
    assert_says(&lone, &[LAYER, "without a tensor lora_B or lora_up"]);
    let lone = refused(|factors| drop(factors.remove(0)));
    assert_says(&lone, &[LAYER, "without a tensor lora_A or lora_down"]);
    let rank = refused(|factors| factors[1] = factor(&factors[1].name.clone(), &[24, 3], 5));
    assert_says(&rank, &["lora_B", "[24, 3]", "[output, 2]"]);
    let width = refused(|factors| factors[0] = factor(&factors[0].name.clone(), &[2, 23], 5));
    assert_says(&width, &["lora_A", "[2, 23]", "[2, 24]"]);
    let width = refused(|factors| factors[1] = factor(&factors[1].name.clone(), &[12, 2], 5));
    assert_says(&width, &["lora_B", "[12, 2]", "[24, 2]"]);
    let axes = refused(|factors| factors[0] = factor(&factors[0].name.clone(), &[2, 24, 1, 1], 5));
    assert_says(&axes, &["lora_A", "[rank, input]"]);
    let none = refused(|factors| factors[0] = factor(&factors[0].name.clone(), &[0, 24], 5));
    assert_says(&none, &["lora_A", "[0, 24]"]);
    let twice = refused(|factors| factors.push(factor("layers.0.attn.to_q.lora_down.weight", &[2, 24], 5)));
    assert_says(&twice, &["lora_down", "lora_A", "same factor"]);
    let alpha = refused(|factors| factors.push(factor("layers.0.attn.to_q.alpha", &[2], 5)));
    assert_says(&alpha, &["layers.0.attn.to_q.alpha", "one number"]);
}

#[test]
fn numbers_that_are_none_are_named() {
    let alpha = refused(|factors| {
        factors.push(Factor { name: format!("{LAYER}.alpha"), shape: vec![1], numbers: vec![f32::NAN] });
    });
    assert_says(&alpha, &["layers.0.attn.to_q.alpha", "NaN"]);

    let place = Place::new();
    let mut factors = layer(LAYER, [24, 24], 1);
    factors[1].numbers[7] = f32::INFINITY;
    let adapter = opened(&place.write("a.safetensors", &factors)).unwrap();
    let dit = tiny(&Device::flex());
    let beside = attach(dit.clone(), std::slice::from_ref(&adapter)).unwrap_err().to_string();
    let within = merge(dit, std::slice::from_ref(&adapter)).unwrap_err().to_string();
    assert_eq!(beside, within);
    assert_says(&beside, &["a.safetensors", "lora_B", "inf"]);
    assert_says(&adapter.scaled(f64::NAN).unwrap_err().to_string(), &["scale NaN"]);
}

#[test]
fn what_is_no_adapter_is_refused() {
    let place = Place::new();
    let refused = |path: &std::path::Path| Adapter::open(path).unwrap_err().to_string();
    assert_says(&refused(&place.file("none.safetensors")), &["there is no adapter at", "none.safetensors"]);
    assert_says(&refused(place.path()), &["there is no adapter at", "pytorch_lora_weights.safetensors"]);
    assert_says(&refused(&place.write("empty.safetensors", &[])), &["empty.safetensors", "no tensors"]);
    let text = place.file("text.safetensors");
    fs::write(&text, "this is a text and no adapter").unwrap();
    assert_says(&refused(&text), &["text.safetensors"]);

    let header = place.write_with("header.safetensors", &layer(LAYER, [24, 24], 1), Some("{"));
    assert_says(&refused(&header), &["header.safetensors", "lora_adapter_metadata"]);
    fs::create_dir(place.file("peft")).unwrap();
    place.write("peft/adapter_model.safetensors", &layer(LAYER, [24, 24], 1));
    let config = place.file("peft/adapter_config.json");
    fs::write(&config, r#"{"lora_alpha": "much"}"#).unwrap();
    assert_says(&refused(&place.file("peft")), &["adapter_config.json"]);
    fs::write(&config, r#"{"use_dora": true}"#).unwrap();
    assert_says(&refused(&place.file("peft")), &["DoRA", "only plain LoRA"]);
}
