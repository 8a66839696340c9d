/// What stands before a parameter's name in checkpoints: the newer tools' prefix, then the published one.
pub const PREFIXES: &[&str] = &["model.language_model.", "model."];

/// Where a parameter's path in [`Mllm`](crate::Mllm) differs from its name in checkpoints: `(path, name)`, each a
/// run of whole dotted segments. It differs nowhere.
pub const NAMES: &[(&str, &str)] = &[];
