use burn::prelude::Device;

/// Returns whether tensors of a device are in the memory of the process, where they can share it with a file.
#[allow(deprecated, reason = "burn keeps ndarray until its next release")]
pub fn is_cpu(device: &Device) -> bool {
    let cpus: &[Device] = &[
        #[cfg(feature = "flex")]
        Device::flex(),
        #[cfg(feature = "ndarray")]
        Device::ndarray(),
    ];
    cpus.contains(device)
}
