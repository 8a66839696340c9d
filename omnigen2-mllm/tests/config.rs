//! What tools write into `config.json`.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use omnigen2_mllm::MllmConfig;
use serde_json::{Value, json};

fn published() -> Value {
    json!({
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "eos_token_id": 151645,
        "hidden_act": "silu",
        "hidden_size": 2048,
        "image_token_id": 151655,
        "intermediate_size": 11008,
        "max_position_embeddings": 128000,
        "num_attention_heads": 16,
        "num_hidden_layers": 36,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-6,
        "rope_scaling": {"type": "default", "rope_type": "default", "mrope_section": [16, 24, 24]},
        "rope_theta": 1000000.0,
        "tie_word_embeddings": true,
        "use_sliding_window": false,
        "vision_config": {"depth": 32, "hidden_size": 1280},
        "vocab_size": 151936
    })
}

fn read(config: Value) -> Result<MllmConfig, serde_json::Error> {
    serde_json::from_value(config)
}

#[test]
fn the_published_config_is_the_preset() {
    assert_eq!(read(published()).unwrap(), MllmConfig::qwen2_5_vl_3b());
    MllmConfig::qwen2_5_vl_3b().validate().unwrap();
    MllmConfig::tiny().validate().unwrap();
}

#[test]
fn the_text_part_may_be_nested() {
    let mut text = published();
    let sections = json!({"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]});
    text["rope_parameters"] = sections;
    text["image_token_id"] = Value::Null;
    text["tie_word_embeddings"] = json!(false);
    for moved in ["rope_scaling", "rope_theta"] {
        text.as_object_mut().unwrap().remove(moved);
    }
    let nested = json!({
        "text_config": text, "image_token_id": 151655, "hidden_size": 7, "tie_word_embeddings": true
    });
    assert_eq!(read(nested).unwrap(), MllmConfig::qwen2_5_vl_3b());
}

#[test]
fn null_and_missing_fields_take_usual_values() {
    let mut sparse = published();
    sparse["rope_scaling"] = json!({"type": "mrope", "mrope_section": [16, 24, 24]});
    sparse["rope_theta"] = Value::Null;
    sparse["eos_token_id"] = json!([151645]);
    for missing in ["hidden_act", "image_token_id", "tie_word_embeddings", "num_key_value_heads"] {
        sparse.as_object_mut().unwrap().remove(missing);
    }
    let config = read(sparse).unwrap();
    let usual = MllmConfig::qwen2_5_vl_3b();
    assert_eq!(config, MllmConfig { num_key_value_heads: 16, rope_type: "mrope".into(), ..usual });
    config.validate().unwrap();
}

#[test]
fn a_missing_size_is_named() {
    let error = read(json!({"hidden_size": 2520, "num_attention_heads": 21})).unwrap_err();
    assert!(error.to_string().contains("`vocab_size` of the language model's config is missing"), "{error}");
}

#[test]
fn meaningless_values_are_named() {
    let usual = MllmConfig::qwen2_5_vl_3b;
    let cases = [
        MllmConfig { num_hidden_layers: 1 << 40, ..usual() },
        MllmConfig { vocab_size: 0, ..usual() },
        MllmConfig { num_key_value_heads: 3, ..usual() },
        MllmConfig { hidden_size: 2047, ..usual() },
        MllmConfig { mrope_section: [16, 24, 23], ..usual() },
        MllmConfig { mrope_section: [usize::MAX, 24, 24], ..usual() },
        MllmConfig { hidden_act: "gelu".into(), ..usual() },
        MllmConfig { rope_type: "yarn".into(), ..usual() },
        MllmConfig { use_sliding_window: true, ..usual() },
        MllmConfig { rms_norm_eps: f64::NAN, ..usual() },
        MllmConfig { rope_theta: 0.0, ..usual() },
    ];
    let fields = [
        "num_hidden_layers",
        "vocab_size",
        "num_attention_heads",
        "hidden_size",
        "rope_scaling.mrope_section",
        "rope_scaling.mrope_section",
        "hidden_act",
        "rope_scaling.type",
        "use_sliding_window",
        "rms_norm_eps",
        "rope_theta",
    ];
    for (config, field) in cases.into_iter().zip(fields) {
        assert_eq!(config.validate().unwrap_err().field, field);
    }
}

#[test]
fn what_cannot_be_built_is_refused_as_it_is_read() {
    for (field, wrong) in [
        ("hidden_size", json!(2047)),
        ("num_key_value_heads", json!(3)),
        ("hidden_act", json!("gelu")),
        ("use_sliding_window", json!(true)),
    ] {
        let mut config = published();
        config[field] = wrong;
        let said = read(config).unwrap_err().to_string();
        assert!(said.contains("of the language model's config is"), "{said}");
    }
}
