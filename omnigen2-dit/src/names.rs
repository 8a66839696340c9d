/// The names that checkpoints have otherwise than the paths in [`Dit`](crate::Dit): `(path, name)`, each a run of
/// whole dotted segments, applied in order.
pub const NAMES: &[(&str, &str)] = &[
    ("attn.to_out", "attn.to_out.0"),
    ("caption_embedder.norm", "caption_embedder.0"),
    ("caption_embedder.linear", "caption_embedder.1"),
];

/// The prefixes that names may have: the published files have none, repackaged ones one of these.
pub const PREFIXES: &[&str] = &["model.diffusion_model.", "diffusion_model.", "transformer.", ""];

/// The runs of names that are never packed: the first and last layers, and the embeddings of times and indices.
pub const FLOAT: &[&str] = &[
    "x_embedder",
    "ref_image_patch_embedder",
    "image_index_embedding",
    "timestep_embedder",
    "caption_embedder",
    "norm_out",
];

/// The runs of names that are packed to 8 bits, never to less: what modulates whole layers.
pub const FINE: &[&str] = &["norm1.linear"];
