//! A step cache of one's own, by the public interface alone: a first-block cache, which runs the first layer at every
//! step and the others only where what the first one adds has changed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::prelude::*;
use omnigen2_dit::{
    Branch, CachePolicy, Dit, DitConfig, DitField, Guidance, Guided, JointSize, Layers, Moment, Schedule,
    Solver, StepCache, StepCaches, TaylorSeer, TeaCache, TimeShift,
};
use omnigen2_rope::Grid;

const SIZE: Grid = Grid::new(4, 6);
const STEPS: usize = 6;
const GUIDANCE: Guidance = Guidance { text: 3.0, ..Guidance::NONE };

struct FirstBlockCache {
    threshold: f32,
    /// How often the other layers ran, in all branches.
    runs: Arc<AtomicUsize>,
    first: Option<Tensor<3>>,
    rest: Option<Tensor<3>>,
}

impl FirstBlockCache {
    fn new(threshold: f32, runs: Arc<AtomicUsize>) -> Self {
        Self { threshold, runs, first: None, rest: None }
    }

    fn has_changed(&self, first: &Tensor<3>) -> bool {
        let Some(before) = &self.first else { return true };
        let change = (first.clone() - before.clone()).abs().mean() / before.clone().abs().mean();
        change.into_scalar::<f32>() >= self.threshold
    }
}

impl StepCache for FirstBlockCache {
    fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, _: Moment) -> Tensor<3> {
        let (head, tail) = layers.split_at(1);
        let hidden = head.run(joint.clone());
        let first = hidden.clone() - joint;
        if let Some(rest) = self.rest.as_ref().filter(|_| !self.has_changed(&first)) {
            return hidden + rest.clone();
        }
        let output = tail.run(hidden.clone());
        self.runs.fetch_add(1, Ordering::Relaxed);
        (self.first, self.rest) = (Some(first), Some(output.clone() - hidden));
        output
    }

    fn bytes(&self, joint: JointSize) -> u64 {
        2 * joint.bytes()
    }
}

fn dit() -> Dit {
    DitConfig { num_layers: 3, ..DitConfig::tiny() }.init(&Device::flex())
}

fn drawn(dit: &Dit, caches: impl Into<StepCaches>) -> Tensor<4> {
    drawn_with(GUIDANCE, dit, caches)
}

fn drawn_with(guidance: Guidance, dit: &Dit, caches: impl Into<StepCaches>) -> Tensor<4> {
    let device = Device::flex();
    let canvas = dit.canvas(SIZE, &[]).unwrap();
    let contexts = guidance.branches(0).map(|branch| {
        let level = if branch == Branch::Full { 0.5 } else { -0.5 };
        dit.prepare(Tensor::ones([1, 3, 16], &device) * level, &canvas)
    });
    let field = Guided::new(DitField::new(dit.clone(), canvas, contexts, caches), guidance);
    let schedule = Schedule::new(STEPS, TimeShift::default(), 1 << 16);
    Solver::Euler.integrate(field, Tensor::ones([1, 4, 4, 6], &device), schedule).last().unwrap()
}

/// The image, and how often the other layers ran.
fn with_first_block(dit: &Dit, threshold: f32) -> (Tensor<4>, usize) {
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let image = drawn(dit, StepCaches::new(move || FirstBlockCache::new(threshold, counted.clone())));
    (image, runs.load(Ordering::Relaxed))
}

#[test]
fn it_draws_through_the_public_interface() {
    let dit = dit();
    let plain = drawn(&dit, CachePolicy::None);
    let difference = |image: Tensor<4>| (image - plain.clone()).abs().max().into_scalar::<f32>();
    let (always, runs) = with_first_block(&dit, 0.0);
    assert_eq!((difference(always), runs), (0.0, 2 * STEPS));
    let (once, runs) = with_first_block(&dit, f32::INFINITY);
    assert_eq!(runs, 2, "each branch has a cache of its own");
    assert!(difference(once) > 0.0);
}

#[test]
fn layers_run_in_parts_as_at_once() {
    struct InParts(usize);
    impl StepCache for InParts {
        fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, _: Moment) -> Tensor<3> {
            assert_eq!(layers.count(), 3);
            let (head, tail) = layers.split_at(self.0);
            tail.run(head.run(joint))
        }

        fn bytes(&self, _: JointSize) -> u64 {
            0
        }
    }
    let dit = dit();
    let plain = drawn(&dit, CachePolicy::None).into_data();
    for layer in 0..=3 {
        assert_eq!(drawn(&dit, StepCaches::new(move || InParts(layer))).into_data(), plain);
    }
}

#[test]
fn each_cache_tells_its_bytes() {
    let joint = JointSize { batch: 2, tokens: 100, width: 24, number: 4 };
    let one = 2 * 100 * 24 * 4;
    assert_eq!(StepCaches::from(CachePolicy::None).start().bytes(joint), 0);
    assert_eq!(TeaCache::new(0.05).bytes(joint), 2 * one);
    assert_eq!(TaylorSeer::default().bytes(joint), 5 * one);
    assert_eq!(FirstBlockCache::new(0.1, Arc::default()).bytes(joint), 2 * one);
}

#[test]
fn taylorseer_warms_up_late_in_a_branch_that_is_asked_late() {
    /// TaylorSeer in branches that are asked first at a later step than the first, and nothing in others.
    struct Late(TaylorSeer, Option<bool>);
    impl StepCache for Late {
        fn run(&mut self, layers: &Layers<'_>, joint: Tensor<3>, at: Moment) -> Tensor<3> {
            let is_late = *self.1.get_or_insert(at.step > 0);
            if is_late { self.0.run(layers, joint, at) } else { layers.run(joint) }
        }

        fn bytes(&self, joint: JointSize) -> u64 {
            self.0.bytes(joint)
        }
    }
    let dit = dit();
    let late = Guidance { range: [0.3, 1.0], ..GUIDANCE };
    let caches = StepCaches::new(|| Late(TaylorSeer::default(), None));
    let plain = drawn_with(late, &dit, CachePolicy::None).into_data();
    assert_eq!(drawn_with(late, &dit, caches).into_data(), plain);
    assert_ne!(drawn_with(GUIDANCE, &dit, CachePolicy::None).into_data(), plain);
}
