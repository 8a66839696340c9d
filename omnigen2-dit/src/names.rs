/// Where checkpoints name a parameter otherwise than its path in [`Dit`](crate::Dit): (path part, checkpoint
/// part), whole dotted segments, applied in order.
pub const NAMES: &[(&str, &str)] = &[
    ("attn.to_out", "attn.to_out.0"),
    ("caption_embedder.norm", "caption_embedder.0"),
    ("caption_embedder.linear", "caption_embedder.1"),
];

/// What may stand before every name: the published files have nothing, repackaged ones a prefix.
pub const PREFIXES: &[&str] = &["model.diffusion_model.", "diffusion_model.", "transformer.", ""];
