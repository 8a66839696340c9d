//! What a config.json may say.

use omnigen2_vae::VaeConfig;

fn read(json: &str) -> Result<VaeConfig, String> {
    serde_json::from_str(json).map_err(|e| e.to_string())
}

#[test]
fn the_published_file_is_flux() {
    let published = r#"{"_class_name": "AutoencoderKL", "act_fn": "silu", "block_out_channels": [128, 256, 512, 512],
        "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
        "force_upcast": true, "in_channels": 3, "latent_channels": 16, "latents_mean": null, "latents_std": null,
        "layers_per_block": 2, "mid_block_add_attention": true, "norm_num_groups": 32, "out_channels": 3,
        "sample_size": 1024, "scaling_factor": 0.3611, "shift_factor": 0.1159,
        "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
        "use_post_quant_conv": false, "use_quant_conv": false}"#;
    assert_eq!(read(published).unwrap(), VaeConfig::flux());
    assert_eq!(VaeConfig::flux().downscale(), 8);
    VaeConfig::tiny().validate().unwrap();
}

#[test]
fn what_is_missing_or_null_is_flux() {
    assert_eq!(read("{}").unwrap(), VaeConfig::default());
    let nulls = r#"{"block_out_channels": null, "scaling_factor": null, "act_fn": null, "new_field": [1]}"#;
    assert_eq!(read(nulls).unwrap(), VaeConfig::flux());
}

#[test]
fn what_cannot_be_built_is_named() {
    for (json, field) in [
        (r#"{"act_fn": "relu"}"#, "act_fn"),
        (r#"{"use_quant_conv": true}"#, "use_quant_conv"),
        (r#"{"use_post_quant_conv": true}"#, "use_post_quant_conv"),
        (r#"{"down_block_types": ["DownEncoderBlock2D"]}"#, "down_block_types"),
        (r#"{"up_block_types": ["A", "B", "C", "D"]}"#, "up_block_types"),
        (r#"{"block_out_channels": []}"#, "block_out_channels"),
        (r#"{"block_out_channels": [32, 0]}"#, "block_out_channels"),
        (r#"{"block_out_channels": [32, 48]}"#, "norm_num_groups"),
        (r#"{"norm_num_groups": 0}"#, "norm_num_groups"),
        (r#"{"latent_channels": 18446744073709551615}"#, "latent_channels"),
        (r#"{"layers_per_block": 1000000000000}"#, "layers_per_block"),
        (r#"{"scaling_factor": 0}"#, "scaling_factor"),
    ] {
        let error = read(json).unwrap_err();
        assert!(error.starts_with(&format!("`{field}` of the autoencoder's config is")), "{json}: {error}");
    }
    assert!(read(r#"{"in_channels": -3}"#).is_err());
}
