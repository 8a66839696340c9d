use burn::prelude::*;

/// The device of each part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The device on which prompts are read and replies are spoken.
    pub text: Device,
    /// The device on which the vision tower looks at pictures.
    pub vision: Device,
    /// The device on which latents are denoised.
    pub denoiser: Device,
    /// The device on which pictures are encoded and decoded.
    pub autoencoder: Device,
}

impl Placement {
    /// Every part on one device.
    pub fn on(device: &Device) -> Self {
        Self {
            text: device.clone(),
            vision: device.clone(),
            denoiser: device.clone(),
            autoencoder: device.clone(),
        }
    }

    /// Gives what no tensor needs any more back to the devices' systems.
    pub(super) fn clean_up(&self) {
        let mut cleaned: Vec<&Device> = Vec::new();
        for device in [&self.text, &self.vision, &self.denoiser, &self.autoencoder] {
            if !cleaned.contains(&device) {
                device.memory_cleanup();
                cleaned.push(device);
            }
        }
    }
}

/// Moves a tensor to the device where it is needed, unless it is there.
pub(crate) fn move_to<const D: usize>(tensor: Tensor<D>, device: &Device) -> Tensor<D> {
    if tensor.device() == *device { tensor } else { tensor.to_device(device) }
}
