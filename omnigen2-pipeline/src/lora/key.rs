/// Prefixes that may stand before the name of a layer, also one after the other.
const PREFIXES: [&str; 4] =
    ["base_model.model.", "model.diffusion_model.", "diffusion_model.", "transformer."];
/// Between the name of a layer and what a factor is called after it.
const FACTORS: [(&str, Role); 4] =
    [(".lora_A.", Role::Down), (".lora_B.", Role::Up), (".lora_down.", Role::Down), (".lora_up.", Role::Up)];
const ALPHA: &str = ".alpha";
/// Beginnings and parts of the names of the language model's layers.
const LANGUAGE: [&str; 5] = ["mllm.", "model.", "visual.", "text_encoder.", "language_model."];
const LANGUAGE_INSIDE: [&str; 2] = [".self_attn.", ".mlp."];

/// The role of a tensor in an adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// `[rank, input]`.
    Down,
    /// `[output, rank]`.
    Up,
    /// The factor of the product, times the rank.
    Alpha,
}

/// The name of a tensor of an adapter, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The linear layer by its name in checkpoints.
    pub(super) layer: String,
    pub(super) role: Role,
}

impl Key {
    /// Reads every dialect: `None`, if it is in none of them.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let name = bare(name);
        let key = |layer: &str, role| Some(Self { layer: layer.to_owned(), role });
        if let Some(layer) = name.strip_suffix(ALPHA) {
            return key(layer, Role::Alpha);
        }
        let (layer, rest, role) = FACTORS.iter().find_map(|&(mark, role)| {
            let (layer, rest) = name.split_once(mark)?;
            Some((layer, rest, role))
        })?;
        let adapter = rest.strip_suffix(".weight").filter(|adapter| !adapter.contains('.'));
        if rest == "weight" || adapter.is_some() { key(layer, role) } else { None }
    }
}

/// Tells whether a tensor is for the language model or the vision tower.
pub(super) fn is_of_language_model(name: &str) -> bool {
    let name = bare(name);
    LANGUAGE.iter().any(|beginning| name.starts_with(beginning))
        || LANGUAGE_INSIDE.iter().any(|part| name.contains(part))
}

fn bare(mut name: &str) -> &str {
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
        name = rest;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_dialects_say_the_same() {
        let expected = |role| Some(Key { layer: "layers.3.attn.to_out.0".into(), role });
        let beginnings = [
            "",
            "transformer.",
            "diffusion_model.",
            "model.diffusion_model.",
            "base_model.model.",
            "base_model.model.transformer.",
        ];
        let endings = [
            ("lora_A.weight", Role::Down),
            ("lora_A.default.weight", Role::Down),
            ("lora_down.weight", Role::Down),
            ("lora_B.weight", Role::Up),
            ("lora_B.default.weight", Role::Up),
            ("lora_up.weight", Role::Up),
            ("alpha", Role::Alpha),
        ];
        for beginning in beginnings {
            for (ending, role) in endings {
                let name = format!("{beginning}layers.3.attn.to_out.0.{ending}");
                assert_eq!(Key::parse(&name), expected(role), "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_factor_is_none() {
        for name in
            ["layers.0.attn.to_q.weight", "lora_A", "x.lora_A.bias", "x.lora_A.a.b.weight", "x.diff", ""]
        {
            assert_eq!(Key::parse(name), None, "{name}");
        }
    }

    #[test]
    fn the_language_model_is_told_by_its_names() {
        let names = [
            "mllm.model.layers.0.self_attn.q_proj.lora_A.weight",
            "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
            "base_model.model.layers.0.mlp.up_proj.lora_A.weight",
            "model.visual.blocks.0.attn.qkv.lora_A.weight",
        ];
        assert!(names.iter().all(|name| is_of_language_model(name)));
        assert!(!is_of_language_model("model.diffusion_model.layers.0.attn.to_q.lora_A.weight"));
    }
}
