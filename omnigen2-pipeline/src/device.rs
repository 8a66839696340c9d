//! Devices by name.

use burn::module::{Param, Reparameterizer};
use burn::prelude::*;
use burn::tensor::{DType, FloatDType};
use omnigen2_rope::ops::Bf16Products;

use crate::quiet::{panic_text, quietly};
use crate::values::Precision;
use crate::weights::LARGE;
pub use crate::weights::is_cpu;

/// Names of the backends that a build may hold, and the feature of this crate that adds each.
pub const BACKENDS: [&str; 7] = ["flex", "ndarray", "wgpu", "vulkan", "metal", "cuda", "rocm"];

/// The reason why there is no device of a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// No backend has the name.
    #[error("there is no device `{name}`; expected `cpu` or one of {}, perhaps with `:INDEX`", BACKENDS.join(", "))]
    Unknown {
        /// The name.
        name: String,
    },
    /// The backend exists but was not built in.
    #[error("the backend `{backend}` is not built in; build again with `--features {backend}`")]
    NotBuiltIn {
        /// The backend.
        backend: &'static str,
    },
    /// The backend is built in but finds no such device.
    #[error("there is no device `{name}` on this machine: {reason}")]
    NotThere {
        /// The name.
        name: String,
        /// What the backend said.
        reason: String,
    },
}

/// The device of a name such as `cpu`, `flex`, `cuda`, `cuda:1` or `wgpu`, checked to be there.
///
/// ```
/// use burn::prelude::Device;
/// use omnigen2_pipeline::device;
///
/// assert_eq!(device::by_name("flex")?, Device::flex());
/// assert!(device::by_name("abacus").unwrap_err().to_string().contains("abacus"));
/// # Ok::<(), device::DeviceError>(())
/// ```
///
/// # Errors
/// If no backend has the name, it was not built in, or it finds no such device.
pub fn by_name(name: &str) -> Result<Device, DeviceError> {
    let unknown = || DeviceError::Unknown { name: name.into() };
    let (backend, index) = match name.split_once(':') {
        Some((backend, index)) => (backend, index.parse().map_err(|_| unknown())?),
        None => (name, 0),
    };
    let backend = if backend == "cpu" { cpu_backend() } else { backend };
    let backend = BACKENDS.into_iter().find(|known| *known == backend).ok_or_else(unknown)?;
    let device = open(backend, index).ok_or(DeviceError::NotBuiltIn { backend })?;
    if index > 0 && matches!(backend, "flex" | "ndarray") {
        let reason = "a CPU backend has one device".into();
        return Err(DeviceError::NotThere { name: name.into(), reason });
    }
    probe(name, device)
}

/// The backends of this build.
pub fn built_in() -> Vec<&'static str> {
    let built = [
        cfg!(feature = "flex"),
        cfg!(feature = "ndarray"),
        cfg!(feature = "wgpu"),
        cfg!(feature = "vulkan"),
        cfg!(feature = "metal"),
        cfg!(feature = "cuda"),
        cfg!(feature = "rocm"),
    ];
    BACKENDS.into_iter().zip(built).filter_map(|(name, built)| built.then_some(name)).collect()
}

impl Precision {
    /// Returns the type that this stands for on a device, F32 or BF16.
    pub fn settled(self, device: &Device) -> Self {
        let computes_bf16 = || {
            if is_cpu(device) { Bf16Products::is_fast_on(device) } else { device.supports_dtype(DType::BF16) }
        };
        match self {
            Self::Auto if computes_bf16() => Self::Bf16,
            Self::Auto => Self::F32,
            asked => asked,
        }
    }

    /// The type of activations on a device.
    pub fn on(self, device: &Device) -> FloatDType {
        match self.settled(device) {
            Self::Bf16 if !is_cpu(device) => FloatDType::BF16,
            _ => FloatDType::F32,
        }
    }

    /// A loaded network whose products are computed as this asks of its device.
    pub fn of_products<M: Module>(self, network: M, device: &Device) -> M {
        match (self, self.settled(device)) {
            (Self::Auto, Self::Bf16) if is_cpu(device) => network.apply_reparameterization(LargeProducts),
            (_, Self::Bf16) if is_cpu(device) => network.apply_reparameterization(Bf16Products),
            _ => network,
        }
    }
}

/// [`Bf16Products`] of large matrices.
struct LargeProducts;

impl Reparameterizer for LargeProducts {
    type Reparam = Bf16Products;

    fn reparameterize<const D: usize>(
        &mut self,
        path: &str,
        parameter: Param<Tensor<D>>,
    ) -> (Param<Tensor<D>>, Option<Bf16Products>) {
        let is_large = parameter.lazy_shape().num_elements() >= LARGE;
        if is_large { Bf16Products.reparameterize(path, parameter) } else { (parameter, None) }
    }
}

fn cpu_backend() -> &'static str {
    if cfg!(feature = "flex") || !cfg!(feature = "ndarray") { "flex" } else { "ndarray" }
}

#[allow(unused_variables, reason = "with no GPU backend built in, no index is read")]
#[allow(deprecated, reason = "burn keeps ndarray until its next release")]
fn open(backend: &str, index: usize) -> Option<Device> {
    match backend {
        #[cfg(feature = "flex")]
        "flex" => Some(Device::flex()),
        #[cfg(feature = "ndarray")]
        "ndarray" => Some(Device::ndarray()),
        #[cfg(feature = "wgpu")]
        "wgpu" => Some(Device::wgpu(kind(index))),
        #[cfg(feature = "vulkan")]
        "vulkan" => Some(Device::vulkan(kind(index))),
        #[cfg(feature = "metal")]
        "metal" => Some(Device::metal(kind(index))),
        #[cfg(feature = "cuda")]
        "cuda" => Some(Device::cuda(index)),
        #[cfg(feature = "rocm")]
        "rocm" => Some(Device::rocm(index)),
        _ => None,
    }
}

#[cfg(any(feature = "wgpu", feature = "vulkan", feature = "metal"))]
fn kind(index: usize) -> burn::tensor::DeviceKind {
    match index {
        0 => burn::tensor::DeviceKind::DefaultDevice,
        index => burn::tensor::DeviceKind::DiscreteGpu(index - 1),
    }
}

/// Backends panic at the first operation where a driver or device is missing, so one is tried on a thread whose
/// panic is caught and kept quiet.
fn probe(name: &str, device: Device) -> Result<Device, DeviceError> {
    let tried = device.clone();
    let work = move || {
        let sum = Tensor::<1>::ones([2], &tried).sum();
        sum.try_into_scalar::<f32>().map_err(|e| format!("{e:?}"))
    };
    let outcome = quietly(|| std::thread::spawn(work).join());
    let reason = match outcome {
        Ok(Ok(_)) => return Ok(device),
        Ok(Err(reason)) => reason,
        Err(panic) => panic_text(panic.as_ref()).unwrap_or_else(|| "its driver failed".into()),
    };
    Err(DeviceError::NotThere { name: name.into(), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_a_device_are_explained() {
        assert!(matches!(by_name("abacus"), Err(DeviceError::Unknown { .. })));
        assert!(matches!(by_name("cpu:x"), Err(DeviceError::Unknown { .. })));
        assert!(matches!(by_name("cpu:1"), Err(DeviceError::NotThere { .. })));
        for backend in BACKENDS.into_iter().filter(|backend| !built_in().contains(backend)) {
            assert_eq!(by_name(backend).unwrap_err(), DeviceError::NotBuiltIn { backend });
        }
    }

    #[cfg(feature = "flex")]
    #[test]
    fn the_cpu_is_there() {
        assert_eq!(by_name("cpu").unwrap(), Device::flex());
        assert_eq!(by_name("flex:0").unwrap(), Device::flex());
    }
}
