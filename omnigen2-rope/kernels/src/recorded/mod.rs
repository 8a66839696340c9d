//! Operations with derivatives of their own, for training on burn's CPU backend `flex`: forwards they are the kernels
//! of inference, and backwards one pass takes the place of a dozen. Every one gives `None` where it does not apply, and
//! the caller takes burn's operations instead.

mod attend;
#[cfg(test)]
mod convolution_tests;
mod convolve;
mod group_norm_silu;
mod padded;
mod record;
mod rms_norm;
mod rotate;
mod silu_gate;
#[cfg(test)]
mod tests;
mod weight_gradient;

pub use attend::attend;
pub use convolve::convolve;
pub use group_norm_silu::group_norm_silu;
pub use rms_norm::rms_norm;
pub use rotate::rotate;
pub use silu_gate::silu_gate;
