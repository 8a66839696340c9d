/// The prefixes of a parameter's name in checkpoints: the newer tools', then the published one.
pub const PREFIXES: &[&str] = &["model.visual.", "visual."];

/// The names that checkpoints have otherwise than the paths in [`Vit`](crate::Vit): `(path, name)`, each a run of
/// whole dotted segments.
pub const NAMES: &[(&str, &str)] = &[
    ("patch_embed.weight", "patch_embed.proj.weight"),
    ("merger.hidden", "merger.mlp.0"),
    ("merger.output", "merger.mlp.2"),
];
