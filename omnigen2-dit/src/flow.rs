use burn::prelude::*;

/// A point of a schedule: a time, and which of how many steps starts there.
///
/// Guidance ranges and step caches of the reference count steps, so a field is told both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The time, from 0, noise, to 1, image.
    pub t: f64,
    /// The step that starts here, from 0.
    pub step: usize,
    /// The number of steps.
    pub steps: usize,
}

impl Moment {
    /// Returns whether this is the first or the last step.
    pub fn is_end(self) -> bool {
        self.step == 0 || self.step + 1 == self.steps
    }
}

/// A time alone is the only step of its schedule.
impl From<f64> for Moment {
    fn from(t: f64) -> Self {
        Self { t, step: 0, steps: 1 }
    }
}

/// A velocity field `dx/dt = v(x, t)` from noise at `t = 0` to image latents at `t = 1` (flow matching,
/// arXiv 2210.02747).
///
/// Any closure of this shape is one:
///
/// ```
/// use burn::prelude::*;
/// use omnigen2_dit::{Moment, VelocityField};
///
/// let mut field = |x: Tensor<4>, at: Moment| x * at.t;
/// let x = Tensor::<4>::ones([1, 4, 2, 2], &Device::flex());
/// let v = field.velocity(x, Moment { t: 0.5, step: 1, steps: 2 });
/// assert_eq!(v.mean().into_scalar::<f32>(), 0.5);
/// ```
pub trait VelocityField {
    /// The velocity of a latent at a moment.
    ///
    /// # Shapes
    /// - x: `[batch, channels, height, width]`
    /// - output: the same
    fn velocity(&mut self, x: Tensor<4>, at: Moment) -> Tensor<4>;
}

impl<F: FnMut(Tensor<4>, Moment) -> Tensor<4>> VelocityField for F {
    fn velocity(&mut self, x: Tensor<4>, at: Moment) -> Tensor<4> {
        self(x, at)
    }
}
