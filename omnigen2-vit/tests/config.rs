//! What tools write into `vision_config`.

use omnigen2_vit::VitConfig;

const PUBLISHED: &str = r#"{
    "depth": 32, "hidden_act": "silu", "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16,
    "in_chans": 3, "out_hidden_size": 2048, "patch_size": 14, "spatial_merge_size": 2, "spatial_patch_size": 14,
    "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31], "tokens_per_second": 2, "temporal_patch_size": 2
}"#;

#[test]
fn the_published_config_is_the_preset() {
    assert_eq!(serde_json::from_str::<VitConfig>(PUBLISHED).unwrap(), VitConfig::qwen2_5_vl_3b());
    VitConfig::qwen2_5_vl_3b().validate().unwrap();
    VitConfig::tiny().validate().unwrap();
}

#[test]
fn null_and_missing_fields_take_usual_values() {
    let sparse = r#"{
        "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "out_hidden_size": 2048,
        "hidden_act": null, "window_size": null, "in_channels": 3, "in_chans": 3
    }"#;
    assert_eq!(serde_json::from_str::<VitConfig>(sparse).unwrap(), VitConfig::qwen2_5_vl_3b());
}

#[test]
fn a_missing_size_is_named() {
    let error = serde_json::from_str::<VitConfig>(&PUBLISHED.replace("\"depth\"", "\"deep\"")).unwrap_err();
    assert!(error.to_string().contains("`depth` of the vision tower's config is missing"), "{error}");
}

#[test]
fn meaningless_values_are_named() {
    let usual = VitConfig::qwen2_5_vl_3b;
    let cases = [
        VitConfig { depth: 1 << 40, ..usual() },
        VitConfig { num_heads: 0, ..usual() },
        VitConfig { hidden_size: 1270, ..usual() },
        VitConfig { hidden_act: "gelu".into(), ..usual() },
        VitConfig { in_channels: 4, ..usual() },
        VitConfig { window_size: 27, ..usual() },
        VitConfig { spatial_merge_size: usize::MAX, ..usual() },
    ];
    let fields = [
        "depth",
        "num_heads",
        "hidden_size",
        "hidden_act",
        "in_channels",
        "window_size",
        "spatial_merge_size",
    ];
    for (config, field) in cases.into_iter().zip(fields) {
        assert_eq!(config.validate().unwrap_err().field, field);
    }
}

#[test]
fn what_cannot_be_built_is_refused_as_it_is_read() {
    for (written, wrong) in [("\"num_heads\": 16", "\"num_heads\": 7"), ("112", "27"), ("silu", "gelu")] {
        let error = serde_json::from_str::<VitConfig>(&PUBLISHED.replace(written, wrong)).unwrap_err();
        assert!(error.to_string().contains("of the vision tower's config is"), "{error}");
    }
}
