use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::LoraError;
use crate::weights::Archive;
use omnigen2_files::read_bounded;

/// The settings of PEFT, beside the file.
const FILE: &str = "adapter_config.json";
/// The key of the header under which diffusers keeps them.
const IN_HEADER: &str = "lora_adapter_metadata";
/// Settings are a few lines.
const LARGEST: u64 = 1 << 24;
/// The prefix that diffusers puts before each of them.
const PREFIX: &str = "transformer.";

/// The settings of an adapter outside of its tensors. Ranks are the tensors' own.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    peft_type: Option<String>,
    lora_alpha: Option<f64>,
    /// By names of layers, or their ends.
    alpha_pattern: Option<BTreeMap<String, f64>>,
    use_rslora: Option<bool>,
    use_dora: Option<bool>,
}

impl Settings {
    /// The settings beside an adapter's file, if it came in a folder with some; else those in its header.
    pub(super) fn of(archive: &Archive, folder: Option<&Path>) -> Result<Self, LoraError> {
        let file = archive.path();
        let beside = folder.map(|folder| beside(&folder.join(FILE))).transpose()?.flatten();
        let settings = match beside {
            Some(settings) => settings,
            None => in_header(archive)?.unwrap_or_default(),
        };
        settings.check(file).map(|()| settings)
    }

    /// The factor of the product of a layer's factors. `alpha` is the file's own for the layer.
    pub(super) fn scale(&self, layer: &str, alpha: Option<f64>, rank: usize) -> f64 {
        let rank = rank as f64;
        let alpha = alpha.or_else(|| self.pattern(layer)).or(self.lora_alpha).unwrap_or(rank);
        match self.use_rslora {
            Some(true) => alpha / rank.sqrt(),
            _ => alpha / rank,
        }
    }

    /// The alpha of a layer by its pattern: of several that fit, the longest says most.
    fn pattern(&self, layer: &str) -> Option<f64> {
        let fits = |pattern: &str| {
            layer.strip_suffix(pattern).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let patterns = self.alpha_pattern.iter().flatten();
        let plain = patterns.map(|(pattern, &alpha)| (plain(pattern), alpha));
        plain
            .filter(|(pattern, _)| fits(pattern))
            .max_by_key(|(pattern, _)| pattern.len())
            .map(|(_, alpha)| alpha)
    }

    fn check(&self, path: &Path) -> Result<(), LoraError> {
        let unsupported = |what| Err(LoraError::Unsupported { path: path.to_owned(), what });
        match &self.peft_type {
            Some(kind) if !kind.eq_ignore_ascii_case("lora") => {
                return unsupported(format!("the type {kind}"));
            }
            _ => {}
        }
        if self.use_dora == Some(true) {
            return unsupported("DoRA (`use_dora`)".into());
        }
        let patterns = || self.alpha_pattern.iter().flatten();
        if let Some((pattern, _)) = patterns().find(|(pattern, _)| plain(pattern).contains(REGULAR)) {
            return unsupported(format!("the regular expression {pattern} in `alpha_pattern`"));
        }
        let alphas = patterns().map(|(_, &alpha)| ("alpha_pattern", alpha));
        match alphas
            .chain(self.lora_alpha.map(|alpha| ("lora_alpha", alpha)))
            .find(|(_, alpha)| !alpha.is_finite())
        {
            Some((name, found)) => {
                Err(LoraError::NotFinite { path: path.to_owned(), tensor: name.into(), found })
            }
            None => Ok(()),
        }
    }
}

const REGULAR: [char; 11] = ['*', '+', '?', '(', ')', '[', ']', '{', '}', '|', '\\'];

/// A pattern that is a name in the clothes of a regular expression.
fn plain(pattern: &str) -> String {
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    pattern.strip_suffix('$').unwrap_or(pattern).replace("\\.", ".")
}

fn beside(path: &Path) -> Result<Option<Settings>, LoraError> {
    let text = match read_bounded(path, LARGEST) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(LoraError::Read { path: path.to_owned(), source }),
    };
    let wrong = |source| LoraError::Settings { path: path.to_owned(), place: "a file", source };
    serde_json::from_slice(&text).map(Some).map_err(wrong)
}

fn in_header(archive: &Archive) -> Result<Option<Settings>, LoraError> {
    let Some(text) = archive.metadata().get(IN_HEADER) else { return Ok(None) };
    let path = archive.path();
    let wrong =
        |source| LoraError::Settings { path: path.to_owned(), place: "`lora_adapter_metadata`", source };
    let values: BTreeMap<String, Value> = serde_json::from_str(text).map_err(wrong)?;
    let of_transformer = values.iter().filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?, value)));
    let of_transformer: BTreeMap<&str, &Value> = of_transformer.collect();
    let values = if of_transformer.is_empty() {
        serde_json::to_value(values)
    } else {
        serde_json::to_value(of_transformer)
    };
    values.and_then(serde_json::from_value).map(Some).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_is_nearer_to_the_tensor_wins() {
        let settings = settings(
            r#"{"lora_alpha": 8, "alpha_pattern": {"to_q": 2, "layers.1.attn.to_q": 6, "^to_v$": 1}, "r": 4, "other": []}"#,
        );
        assert_eq!(settings.scale("layers.0.attn.to_k", None, 4), 2.0);
        assert_eq!(settings.scale("layers.0.attn.to_q", None, 4), 0.5);
        assert_eq!(settings.scale("layers.1.attn.to_q", None, 4), 1.5);
        assert_eq!(settings.scale("layers.1.attn.to_q", Some(4.0), 4), 1.0);
        assert_eq!(settings.scale("to_v", None, 4), 0.25);
        assert_eq!(settings.scale("layers.0.attn.not_to_q", None, 4), 2.0);
        assert_eq!(Settings::default().scale("x", None, 4), 1.0);
    }

    #[test]
    fn the_rank_may_count_by_its_root() {
        assert_eq!(settings(r#"{"lora_alpha": 8, "use_rslora": true}"#).scale("x", None, 16), 2.0);
    }

    #[test]
    fn other_kinds_are_refused() {
        let refused = |text: &str| settings(text).check(Path::new("a.safetensors")).unwrap_err().to_string();
        assert!(refused(r#"{"peft_type": "IA3"}"#).contains("IA3"));
        assert!(refused(r#"{"use_dora": true}"#).contains("DoRA"));
        assert!(refused(r#"{"alpha_pattern": {"layers.[0-9].to_q": 3}}"#).contains("layers.[0-9].to_q"));
        assert!(settings(r#"{"peft_type": "LORA", "use_dora": null}"#).check(Path::new("")).is_ok());
    }
}
