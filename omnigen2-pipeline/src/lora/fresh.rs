use burn::module::Param;
use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_dit::Dit;
use omnigen2_rope::ops::LowRank;
use serde::{Deserialize, Serialize};

use super::attach::put;
use super::error::LoraError;
use super::layers::layers;
use crate::noise::standard_normal;

/// Adapters that are yet to learn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoraConfig {
    /// The rank of every change.
    pub rank: usize,
    /// Changes are multiplied by `alpha / rank`.
    pub alpha: f64,
    /// The linear layers that change: the ends of their names in checkpoints, whole dotted parts.
    pub targets: Vec<String>,
}

impl Default for LoraConfig {
    /// The reference's: rank 8 in all maps of all attentions.
    fn default() -> Self {
        let targets = ["to_q", "to_k", "to_v", "to_out.0"].map(str::to_owned).into();
        Self { rank: 8, alpha: 8.0, targets }
    }
}

impl LoraConfig {
    fn changes(&self, layer: &str) -> bool {
        self.targets.iter().any(|target| ends(layer, target))
    }

    fn check(&self, dit: &Dit) -> Result<(), LoraError> {
        let wrong = |setting, expected, found| Err(LoraError::Setting { setting, expected, found });
        if !(self.alpha.is_finite() && self.alpha > 0.0) {
            return wrong("the alpha", "a number over 0".into(), self.alpha.to_string());
        }
        let layers: Vec<_> = layers(dit).collect();
        let unknown = |target: &&String| !layers.iter().any(|layer| ends(&layer.name, target));
        if let Some(target) = self.targets.iter().find(unknown) {
            let expected =
                "the ends of names of linear layers, such as to_q or layers.0.attn.to_out.0".into();
            return wrong("a target", expected, format!("{target:?}"));
        }
        let changed = layers.iter().filter(|layer| self.changes(&layer.name));
        match changed.flat_map(|layer| layer.shape).min() {
            None => wrong("the targets", "one at least".into(), "none".into()),
            Some(most) if !(1..=most).contains(&self.rank) => {
                wrong("the rank", format!("1 to {most}, the least width of a target"), self.rank.to_string())
            }
            Some(_) => Ok(()),
        }
    }
}

fn ends(layer: &str, target: &str) -> bool {
    layer.strip_suffix(target).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Puts adapters on a transformer that change nothing yet, and freezes all else: `down` is drawn by `seed`, normal of
/// deviation `1 / rank`, and `up` is zero.
///
/// # Errors
/// If the settings are impossible, or there are adapters on the transformer already.
pub fn fresh(dit: Dit, config: &LoraConfig, seed: u64) -> Result<Dit, LoraError> {
    config.check(&dit)?;
    put(dit, |layer, weight| Ok(config.changes(layer).then(|| begin(config, seed_of(seed, layer), weight))))
}

fn begin(config: &LoraConfig, seed: u64, weight: &Param<Tensor<2>>) -> LowRank {
    let ([output, input], rank) = (weight.lazy_shape().dims(), config.rank);
    let device = weight.lazy_device();
    let deviation = (rank as f32).recip();
    let normal = standard_normal(seed, rank * input).into_iter().map(|x| x * deviation).collect();
    let down = Tensor::from_data(TensorData::new::<f32, _>(normal, [rank, input]), (&device, DType::F32));
    let up = Tensor::zeros([output, rank], (&device, DType::F32));
    LowRank::new(down, up, config.alpha / rank as f64)
}

/// The seed of one layer: each has numbers of its own, whichever others there are (FNV-1a).
fn seed_of(seed: u64, layer: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    layer.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
