use burn::prelude::Device;
use burn::tensor::DType;
use omnigen2_pipeline::weights::{Storage, WeightsError, is_cpu};
use omnigen2_pipeline::{Error, Precision};
use omnigen2_rope::ops::packed::Kernels;

/// The type in which weights rest, and the one in which activations are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The type of weights.
    pub weights: Storage,
    /// The type of activations.
    pub compute: Precision,
}

impl Setting {
    /// That in which nothing is rounded.
    pub(crate) const EXACT: Self = Self { weights: Storage::F32, compute: Precision::F32 };

    /// The types of weights that are worth a look on a device.
    pub fn usual_weights(device: &Device) -> Vec<Storage> {
        let has = |storage: &Storage| *storage != Storage::Bf16 || device.supports_dtype(DType::BF16);
        [Storage::F32, Storage::Bf16, Storage::Q8, Storage::Q4].into_iter().filter(has).collect()
    }

    /// The part by which the velocity of the whole network changes: measured once at the published size, 32 layers, for a
    /// picture of 256×256 pixels, with random weights as this crate makes them.
    pub fn known_error(self) -> Option<f64> {
        match self.weights {
            Storage::F32 => Some(0.0),
            Storage::Bf16 if self.compute == Precision::Bf16 => Some(0.010),
            Storage::Bf16 => Some(0.0076),
            Storage::Q8 => Some(0.0172),
            Storage::Q4 => Some(0.154),
            _ => None,
        }
    }
}

/// The name of the instructions that packed weights are multiplied with on a device; none, if it is no CPU.
///
/// # Errors
/// If the environment names instructions that this processor has not.
pub fn instructions(device: &Device) -> Result<Option<&'static str>, Error> {
    if !is_cpu(device) {
        return Ok(None);
    }
    let kernels = Kernels::chosen().map_err(WeightsError::from)?;
    Ok(Some(kernels.instructions().name()))
}
