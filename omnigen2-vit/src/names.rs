/// What stands before a parameter's name in checkpoints: the newer tools' prefix, then the published one.
pub const PREFIXES: &[&str] = &["model.visual.", "visual."];

/// Where a parameter's path in [`Vit`](crate::Vit) differs from its name in checkpoints: `(path, name)`, each a
/// run of whole dotted segments.
pub const NAMES: &[(&str, &str)] = &[
    ("patch_embed.weight", "patch_embed.proj.weight"),
    ("merger.hidden", "merger.mlp.0"),
    ("merger.output", "merger.mlp.2"),
];
