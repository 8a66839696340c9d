//! Steps that are foretold, by the public interface alone: fields of known curvature.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::prelude::*;
use omnigen2_dit::{
    Branches, Foreseen, Guidance, Guided, Moment, PerBranch, Schedule, Solver, TimeShift, VelocityField,
};
use proptest::prelude::*;

const STEPS: usize = 20;
/// Sums of a few numbers in F32.
const ROUNDING: f32 = 1e-5;

/// The velocity `curve(t)` of every image of a batch, some more strongly, of which the negative branch has half. Counts how
/// often it is asked.
struct Curve<F> {
    curve: F,
    asked: Arc<AtomicUsize>,
}

impl<F: Fn(f64) -> f64> Branches for Curve<F> {
    fn velocities(&mut self, x: Tensor<4>, at: Moment) -> PerBranch<Tensor<4>> {
        let full = self.unguided(x, at);
        PerBranch::Text { negative: full.clone() * 0.5, full }
    }

    fn unguided(&mut self, x: Tensor<4>, at: Moment) -> Tensor<4> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        strength(&x) * (self.curve)(at.t)
    }
}

/// 1 in the first image, 2 in the second and so on.
fn strength(x: &Tensor<4>) -> Tensor<4> {
    let images = x.dims()[0];
    let each = Tensor::<1, Int>::arange(1..images as i64 + 1, &x.device()).float();
    each.reshape([images, 1, 1, 1]).expand(x.dims())
}

struct Drawn {
    latent: Tensor<4>,
    asked: usize,
}

fn drawn(guidance: Guidance, error: f64, curve: impl Fn(f64) -> f64) -> Drawn {
    let asked = Arc::new(AtomicUsize::new(0));
    let field = Guided::new(Curve { curve, asked: asked.clone() }, guidance);
    let schedule = Schedule::new(STEPS, TimeShift::None, 1 << 16);
    let path = Solver::Euler.integrate(Foreseen::new(field, error), noise(), schedule);
    let latent = path.last().unwrap();
    Drawn { latent, asked: asked.load(Ordering::Relaxed) }
}

fn noise() -> Tensor<4> {
    Tensor::ones([2, 4, 2, 2], &Device::flex())
}

/// The relative error of the image that is off most.
fn error(latent: &Tensor<4>, plain: &Tensor<4>) -> f32 {
    let length = |x: Tensor<4>| x.square().flatten::<2>(1, 3).sum_dim(1).sqrt();
    (length(latent.clone() - plain.clone()) / length(plain.clone())).max().into_scalar::<f32>()
}

#[test]
fn on_a_straight_way_steps_are_left_out_half_as_far_ahead_as_is_known_behind() {
    for guidance in [Guidance::NONE, Guidance { text: 3.0, ..Guidance::NONE }] {
        let plain = drawn(guidance, 0.0, |_| 1.5);
        let foreseen = drawn(guidance, 0.01, |_| 1.5);
        assert_eq!((plain.asked, foreseen.asked), (STEPS, 8), "0, 1, 2, 4, 7, 11, 16, 19");
        assert!(error(&foreseen.latent, &plain.latent) < ROUNDING);
    }
}

#[test]
fn what_is_a_polynomial_in_time_is_foretold_exactly() {
    let quadratic = |t: f64| 2.0 - t + 0.8 * t * t;
    let plain = drawn(Guidance::NONE, 0.0, quadratic);
    let foreseen = drawn(Guidance::NONE, 0.005, quadratic);
    assert!((8..12).contains(&foreseen.asked), "{}", foreseen.asked);
    assert!(error(&foreseen.latent, &plain.latent) < 0.005);
}

#[test]
fn without_an_error_every_step_is_taken() {
    let mut plain = Guided::new(Curve { curve: f64::sin, asked: Arc::default() }, Guidance::NONE);
    let mut foreseen =
        Foreseen::new(Guided::new(Curve { curve: f64::sin, asked: Arc::default() }, Guidance::NONE), 0.0);
    for step in 0..5 {
        let at = Moment { t: 0.1 * step as f64, step, steps: 5 };
        let same = plain.velocity(noise(), at).into_data();
        assert_eq!(foreseen.velocity(noise(), at).into_data(), same);
    }
}

#[test]
fn where_guidance_ends_all_begins_anew() {
    let guidance = Guidance { text: 3.0, range: [0.0, 0.5], ..Guidance::NONE };
    let plain = drawn(guidance, 0.0, |_| 1.0);
    let foreseen = drawn(guidance, 0.01, |_| 1.0);
    assert_eq!(foreseen.asked, 5 + 6, "0, 1, 2, 4, 7, then 11, 12, 13, 15, 18, 19");
    assert!(error(&foreseen.latent, &plain.latent) < ROUNDING);
}

#[test]
fn a_field_that_is_not_finite_is_asked_at_every_step() {
    assert_eq!(drawn(Guidance::NONE, 0.5, |_| f64::NAN).asked, STEPS);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whose velocities bend slowly beside the steps; nothing foretells a bend that comes suddenly.
    #[test]
    fn the_latent_is_off_by_less_than_was_stated(
        bend in 0.0..3.0f64, phase in 0.0..6.0f64, level in 1.0..2.0f64, bar in 0.005..0.2f64,
    ) {
        let curve = |t: f64| level + 0.5 * (bend * t + phase).sin();
        let plain = drawn(Guidance::NONE, 0.0, curve);
        let foreseen = drawn(Guidance::NONE, bar, curve);
        prop_assert!(error(&foreseen.latent, &plain.latent) < bar as f32);
        prop_assert!(foreseen.asked < STEPS);
    }
}
