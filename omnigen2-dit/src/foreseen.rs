use burn::prelude::*;

use crate::branch::Branches;
use crate::flow::{Moment, VelocityField};
use crate::guidance::Guided;
use crate::newton::{Foretold, Newton};

/// A guided field that is asked only where its velocity cannot be foretold well enough from the times at which it
/// was asked. Elsewhere the velocity is extrapolated, and no branch does anything.
///
/// Velocities are extrapolated by a polynomial in time of order 0, 1 or 2, whichever is off least. How far one is off
/// is measured, as in numerical integration with error control: whenever the field is asked, the truth is compared
/// with what the times before foretell, and the error grows with the distance in time as the first term that the
/// polynomial leaves out (Newton's interpolation; AdaptiveDiffusion, arXiv 2410.09873, skips steps by a third
/// difference too, of latents). No velocity is foretold further ahead than half the time over which its error was
/// measured. An error is a length, relative to that of the image's latent as it can be told then; in a batch the image
/// that is off most decides for all.
///
/// A velocity that is off adds to the error of the latent at the end in proportion to the time of its step. A step is
/// left out only while the sum of these parts stays under `error` times the time that has passed. So the latent at the
/// end is off by about `error` at most, as far as the measured errors hold between the times of measuring and the
/// field does not blow up differences between latents. Parts that cancel make it less.
///
/// The first step and the last are always taken, and where guidance begins or ends all begins anew. Where the field is
/// asked, one small tensor is read back from the device. Four velocities are remembered at most.
#[derive(Debug)]
pub struct Foreseen<B> {
    field: Guided<B>,
    error: f64,
    known: Newton,
    /// True if what is known is guided.
    guided: bool,
    /// The error of the latent so far.
    spent: f64,
    last: Last,
}

/// The last step.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    t: f64,
    /// The error of its velocity.
    error: f64,
}

impl<B: Branches> Foreseen<B> {
    /// A field whose latent may be off by `error` at the end; at 0 it is asked at every step.
    pub fn new(field: Guided<B>, error: f64) -> Self {
        Self { field, error, known: Newton::default(), guided: false, spent: 0.0, last: Last::default() }
    }

    /// Foretells the velocity, if that is good enough: until the next step, which is taken to be as long as the
    /// last one, no more of the error may be spent than its share of the time.
    fn foretold(&self, at: Moment, duration: f64) -> Option<Foretold> {
        if at.is_end() || self.guided != self.field.guides(at) {
            return None;
        }
        let foretold = self.known.foretell(at.t)?;
        let spent = self.spent + foretold.error * duration;
        (spent < self.error * (at.t + duration)).then_some(foretold)
    }

    fn learn(&mut self, x: Tensor<4>, velocity: Tensor<4>, at: Moment) {
        let guided = self.field.guides(at);
        if self.guided != guided {
            (self.guided, self.known) = (guided, Newton::default());
        }
        let image = x + velocity.clone() * (1.0 - at.t);
        self.known.add(at.t, velocity, image);
    }
}

impl<B: Branches> VelocityField for Foreseen<B> {
    fn velocity(&mut self, x: Tensor<4>, at: Moment) -> Tensor<4> {
        if self.error <= 0.0 {
            return self.field.velocity(x, at);
        }
        let duration = at.t - self.last.t;
        self.spent += self.last.error * duration;
        let foretold = self.foretold(at, duration);
        self.last = Last { t: at.t, error: foretold.map_or(0.0, |foretold| foretold.error) };
        match foretold {
            Some(foretold) => self.known.at(at.t, foretold.terms),
            None => {
                let velocity = self.field.velocity(x.clone(), at);
                self.learn(x, velocity.clone(), at);
                velocity
            }
        }
    }
}
