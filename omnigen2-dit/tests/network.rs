//! What must hold of the network whatever its weights are.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::prelude::*;
use burn::tensor::Distribution;
use omnigen2_dit::{
    Branch, Branches, CachePolicy, Canvas, Dit, DitConfig, DitError, DitField, Guidance, Guided, Moment,
    PerBranch, Schedule, Solver, TimeShift, VelocityField,
};
use omnigen2_rope::Grid;

/// Outputs are of size 1; sums in F32 may be ordered otherwise.
const TOLERANCE: f32 = 1e-5;

const SIZE: Grid = Grid::new(4, 6);

fn random<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), &Device::flex())
}

fn dit() -> Dit {
    DitConfig::tiny().init(&Device::flex())
}

fn canvas(dit: &Dit) -> Canvas {
    dit.canvas(SIZE, &[random([1, 4, 2, 4]), random([1, 4, 6, 2])]).unwrap()
}

fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    (a - b).abs().max().into_scalar()
}

#[test]
fn a_batch_equals_its_images_alone() {
    let dit = dit();
    let canvas = canvas(&dit);
    let context = dit.prepare(random([1, 5, 16]), &canvas);
    let latents = random([3, 4, 4, 6]);
    let together = dit.velocity(&dit.at(latents.clone(), 0.3, &canvas), &context);
    for i in 0..3 {
        let alone = dit.velocity(&dit.at(latents.clone().narrow(0, i, 1), 0.3, &canvas), &context);
        assert!(difference(together.clone().narrow(0, i, 1), alone) < TOLERANCE);
    }
}

#[test]
fn preparing_once_equals_preparing_at_every_step() {
    let dit = dit();
    let references = [random([1, 4, 2, 4])];
    let (text, latent) = (random([1, 5, 16]), random([1, 4, 4, 6]));
    let once = dit.canvas(SIZE, &references).unwrap();
    let context = dit.prepare(text.clone(), &once);
    for t in [0.0, 0.4, 0.9] {
        let again = dit.canvas(SIZE, &references).unwrap();
        let kept = dit.velocity(&dit.at(latent.clone(), t, &once), &context);
        let fresh = dit.velocity(&dit.at(latent.clone(), t, &again), &dit.prepare(text.clone(), &again));
        assert_eq!(difference(kept, fresh), 0.0);
    }
}

#[test]
fn sharing_refined_tokens_equals_refining_for_each_branch() {
    let dit = dit();
    let with = canvas(&dit);
    let without = dit.canvas(SIZE, &[]).unwrap();
    let (text, latent) = (random([1, 5, 16]), random([1, 4, 4, 6]));
    let shared = dit.prepare_without_references(text.clone(), &with);
    let alone = dit.prepare(text, &without);
    let shared = dit.velocity(&dit.at(latent.clone(), 0.5, &with), &shared);
    let alone = dit.velocity(&dit.at(latent, 0.5, &without), &alone);
    assert!(difference(shared, alone) < TOLERANCE);
}

fn drawn(dit: &Dit, guidance: Guidance, cache: CachePolicy, steps: usize) -> Tensor<4> {
    let device = Device::flex();
    let canvas = dit.canvas(SIZE, &[]).unwrap();
    let text = |level: f64| Tensor::<3>::ones([1, 3, 16], &device) * level;
    let contexts = guidance.branches(0).map(|branch| match branch {
        Branch::Negative => dit.prepare_without_references(text(-0.5), &canvas),
        Branch::Full | Branch::References => dit.prepare(text(0.5), &canvas),
    });
    let field = Guided::new(DitField::new(dit.clone(), canvas, contexts, cache), guidance);
    let noise = Tensor::<4>::ones([1, 4, 4, 6], &device);
    let schedule = Schedule::new(steps, TimeShift::default(), 64 * SIZE.cells());
    Solver::Euler.integrate(field, noise, schedule).last().unwrap()
}

#[test]
fn guidance_of_one_equals_none() {
    let dit = dit();
    let plain = drawn(&dit, Guidance::NONE, CachePolicy::None, 3);
    let outside = Guidance { text: 4.0, range: [2.0, 3.0], ..Guidance::NONE };
    assert_eq!(difference(plain.clone(), drawn(&dit, outside, CachePolicy::None, 3)), 0.0);
    let guided = Guidance { text: 4.0, ..Guidance::NONE };
    assert!(difference(plain, drawn(&dit, guided, CachePolicy::None, 3)) > TOLERANCE);
}

#[test]
fn a_cache_that_never_skips_equals_none() {
    let dit = dit();
    let guidance = Guidance { text: 3.0, ..Guidance::NONE };
    let plain = drawn(&dit, guidance, CachePolicy::None, 5);
    let tea = drawn(&dit, guidance, CachePolicy::TeaCache { threshold: 0.0 }, 5);
    let taylor = drawn(&dit, guidance, CachePolicy::TaylorSeer, 5);
    assert_eq!(difference(plain.clone(), tea), 0.0);
    assert_eq!(difference(plain.clone(), taylor), 0.0);
    let skipping = drawn(&dit, guidance, CachePolicy::TeaCache { threshold: 1e9 }, 5);
    assert!(difference(plain, skipping) > 0.0);
}

#[test]
fn three_branches_are_weighed_as_the_reference_does() {
    struct Constant;
    impl Branches for Constant {
        fn velocities(&mut self, x: Tensor<4>, _: Moment) -> PerBranch<Tensor<4>> {
            let branches = PerBranch::TextAndImage { full: 5.0, references: 3.0, negative: 2.0 };
            branches.map(|value| x.zeros_like() + value)
        }

        fn unguided(&mut self, x: Tensor<4>, at: Moment) -> Tensor<4> {
            self.velocities(x, at).full().clone()
        }
    }
    let guidance = Guidance { text: 4.0, image: 1.5, range: [0.0, 0.5] };
    let mut field = Guided::new(Constant, guidance);
    let unguided = field.velocity(random([1, 1, 1, 1]), Moment { t: 0.9, step: 9, steps: 10 });
    assert_eq!(unguided.into_scalar::<f32>(), 5.0);
    let velocity = field.velocity(random([1, 1, 1, 1]), Moment { t: 0.0, step: 0, steps: 1 });
    assert_eq!(velocity.into_scalar::<f32>(), 2.0 + 1.5 * (3.0 - 2.0) + 4.0 * (5.0 - 3.0));
}

#[test]
fn impossible_images_are_refused() {
    let dit = dit();
    let latent = || random([1, 4, 2, 2]);
    let refused = |size, references: &[Tensor<4>]| dit.canvas(size, references).unwrap_err();
    let six = vec![latent(); 6];
    assert_eq!(refused(SIZE, &six), DitError::TooManyReferences { found: 6, limit: 5 });
    assert!(matches!(refused(Grid::new(3, 4), &[]), DitError::NotWholePatches { .. }));
    assert!(matches!(refused(Grid::new(0, 4), &[]), DitError::NotWholePatches { .. }));
    assert!(matches!(refused(SIZE, &[random([1, 3, 2, 2])]), DitError::Channels { found: 3, .. }));
}
