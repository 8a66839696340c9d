use crate::Failure;

pub(super) const MODEL_INDEX: &str = include_str!("../../synth/model_index.json");
pub(super) const SCHEDULER: &str = include_str!("../../synth/scheduler_config.json");
pub(super) const PREPROCESSOR: &str = include_str!("../../synth/processor_preprocessor_config.json");

/// A folder of weights as it was published.
pub(super) struct Component {
    pub(super) folder: &'static str,
    /// File name and text.
    pub(super) configs: &'static [(&'static str, &'static str)],
    /// The name, shape and shard of each tensor, by lines.
    pub(super) manifest: &'static str,
    /// What the index of several shards is called.
    pub(super) index: &'static str,
}

pub(super) const COMPONENTS: [Component; 3] = [
    Component {
        folder: "transformer",
        configs: &[("config.json", include_str!("../../synth/transformer_config.json"))],
        manifest: include_str!("../../synth/transformer.tsv"),
        index: "diffusion_pytorch_model.safetensors.index.json",
    },
    Component {
        folder: "mllm",
        configs: &[
            ("config.json", include_str!("../../synth/mllm_config.json")),
            ("generation_config.json", include_str!("../../synth/mllm_generation_config.json")),
        ],
        manifest: include_str!("../../synth/mllm.tsv"),
        index: "model.safetensors.index.json",
    },
    Component {
        folder: "vae",
        configs: &[("config.json", include_str!("../../synth/vae_config.json"))],
        manifest: include_str!("../../synth/vae.tsv"),
        index: "diffusion_pytorch_model.safetensors.index.json",
    },
];

/// A tensor of a manifest.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tensor<'m> {
    pub(super) name: &'m str,
    pub(super) shape: Vec<usize>,
    /// The file it is in, without its folder.
    pub(super) shard: &'m str,
}

/// The tensors of a manifest, whose first line names the columns.
pub(super) fn tensors(manifest: &str) -> Result<Vec<Tensor<'_>>, Failure> {
    let tensor = |line| {
        tensor(line)
            .ok_or_else(|| Failure::Work(format!("`{line}` is no line of a manifest: name, shape, shard")))
    };
    manifest.lines().skip(1).map(tensor).collect()
}

fn tensor(line: &str) -> Option<Tensor<'_>> {
    let mut fields = line.split('\t');
    let name = fields.next()?;
    let shape = fields.next()?.strip_prefix('[')?.strip_suffix(']')?;
    let shape = shape.split(", ").map(|side| side.parse().ok()).collect::<Option<_>>()?;
    let (_, shard) = fields.next()?.split_once('/')?;
    fields.next().is_none().then_some(Tensor { name, shape, shard })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was published, in F32: 7.82 thousand million numbers in all.
    #[test]
    fn the_manifests_hold_the_published_model() {
        let counts = COMPONENTS.map(|component| {
            let tensors = tensors(component.manifest).ok().unwrap();
            let numbers: usize = tensors.iter().map(|t| t.shape.iter().product::<usize>()).sum();
            (component.folder, tensors.len(), numbers)
        });
        assert_eq!(
            counts.map(|(folder, tensors, _)| (folder, tensors)),
            [("transformer", 582), ("mllm", 824), ("vae", 244)]
        );
        let gibibytes =
            counts.iter().map(|(.., numbers)| 4 * numbers).sum::<usize>() as f64 / f64::from(1 << 30);
        assert!((gibibytes - 29.1).abs() < 0.1, "{gibibytes} GiB");
    }

    #[test]
    fn a_broken_line_is_named() {
        for line in ["a\t[2, x]\tvae/b", "a\t2\tvae/b", "a\t[2]", "a\t[2]\tb", "a\t[2]\tvae/b\tmore"] {
            let Err(Failure::Work(message)) = tensors(&format!("head\n{line}")) else { panic!("{line}") };
            assert!(message.contains(line), "{message}");
        }
    }
}
