//! What tools write into `transformer/config.json`.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use omnigen2_dit::DitConfig;

const PUBLISHED: &str = r#"{
    "_class_name": "OmniGen2Transformer2DModel", "axes_dim_rope": [40, 40, 40], "axes_lens": [1024, 1664, 1664],
    "ffn_dim_multiplier": null, "hidden_size": 2520, "in_channels": 16, "multiple_of": 256, "norm_eps": 1e-05,
    "num_attention_heads": 21, "num_kv_heads": 7, "num_layers": 32, "num_refiner_layers": 2, "out_channels": null,
    "patch_size": 2, "text_feat_dim": 2048, "timestep_scale": 1000.0
}"#;

#[test]
fn the_published_config_is_the_preset() {
    assert_eq!(serde_json::from_str::<DitConfig>(PUBLISHED).unwrap(), DitConfig::omnigen2());
    DitConfig::omnigen2().validate().unwrap();
    DitConfig::tiny().validate().unwrap();
}

#[test]
fn null_and_missing_fields_take_usual_values() {
    assert_eq!(serde_json::from_str::<DitConfig>("{}").unwrap(), DitConfig::omnigen2());
    let nulls = r#"{"num_layers": null, "norm_eps": null}"#;
    assert_eq!(serde_json::from_str::<DitConfig>(nulls).unwrap(), DitConfig::omnigen2());
    let tiny = serde_json::to_string(&DitConfig::tiny()).unwrap();
    assert_eq!(serde_json::from_str::<DitConfig>(&tiny).unwrap(), DitConfig::tiny());
}

#[test]
fn meaningless_values_are_named_as_they_are_read() {
    let usual = DitConfig::tiny;
    let cases = [
        DitConfig { num_layers: 0, ..usual() },
        DitConfig { num_layers: usize::MAX, ..usual() },
        DitConfig { num_refiner_layers: usize::MAX, ..usual() },
        DitConfig { num_kv_heads: 3, ..usual() },
        DitConfig { hidden_size: 25, ..usual() },
        DitConfig { axes_dim_rope: [4, 4, 6], ..usual() },
        DitConfig { axes_dim_rope: [usize::MAX, 4, 4], ..usual() },
        DitConfig { norm_eps: -1.0, ..usual() },
        DitConfig { timestep_scale: 0.0, ..usual() },
        DitConfig { ffn_dim_multiplier: Some(257.0), ..usual() },
        DitConfig { out_channels: Some(3), ..usual() },
    ];
    let fields = [
        "num_layers",
        "num_layers",
        "num_refiner_layers",
        "num_attention_heads",
        "hidden_size",
        "axes_dim_rope",
        "axes_dim_rope",
        "norm_eps",
        "timestep_scale",
        "ffn_dim_multiplier",
        "out_channels",
    ];
    for (config, field) in cases.into_iter().zip(fields) {
        assert_eq!(config.validate().unwrap_err().field, field);
        let read = serde_json::from_value::<DitConfig>(serde_json::to_value(&config).unwrap());
        let said = read.unwrap_err().to_string();
        assert!(said.starts_with(&format!("`{field}` of the transformer's config is ")), "{said}");
        assert!(said.contains("; expected "), "{said}");
    }
    for number in [f64::NAN, f64::INFINITY] {
        let config = DitConfig { norm_eps: number, ..usual() };
        assert_eq!(config.validate().unwrap_err().field, "norm_eps");
    }
}
