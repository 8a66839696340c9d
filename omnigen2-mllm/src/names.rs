/// The prefixes of a parameter's name in checkpoints: the newer tools', then the published one.
pub const PREFIXES: &[&str] = &["model.language_model.", "model."];

/// The names that checkpoints have otherwise than the paths in [`Mllm`](crate::Mllm): `(path, name)`, each a run of
/// whole dotted segments. There are none.
pub const NAMES: &[(&str, &str)] = &[];
