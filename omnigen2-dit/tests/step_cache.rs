//! Step caches, by the public interface alone.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use burn::prelude::*;
use omnigen2_dit::{
    Branch, CachePolicy, Dit, DitConfig, DitField, FirstBlockCache, Guidance, Guided, JointSize, Layers,
    MagCache, MagCalibration, MagCurve, Moment, Schedule, Solver, StepCache, StepCaches, TaylorSeer,
    TeaCache, TimeShift,
};
use omnigen2_rope::Grid;
use proptest::prelude::*;

const SIZE: Grid = Grid::new(4, 6);
const LAYERS: usize = 3;
const STEPS: usize = 6;
const BATCH: usize = 2;
const GUIDANCE: Guidance = Guidance { text: 3.0, ..Guidance::NONE };

fn dit() -> Dit {
    DitConfig { num_layers: LAYERS, ..DitConfig::tiny() }.init(&Device::flex())
}

fn drawn(dit: &Dit, caches: impl Into<StepCaches>) -> Tensor<4> {
    drawn_with(GUIDANCE, dit, caches)
}

fn drawn_with(guidance: Guidance, dit: &Dit, caches: impl Into<StepCaches>) -> Tensor<4> {
    drawn_in(STEPS, guidance, dit, caches)
}

/// A batch of two different images.
fn drawn_in(steps: usize, guidance: Guidance, dit: &Dit, caches: impl Into<StepCaches>) -> Tensor<4> {
    let device = Device::flex();
    let canvas = dit.canvas(SIZE, &[]).unwrap();
    let contexts = guidance.branches(0).map(|branch| {
        let level = if branch == Branch::Full { 0.5 } else { -0.5 };
        dit.prepare(Tensor::ones([1, 3, 16], &device) * level, &canvas)
    });
    let field = Guided::new(DitField::new(dit.clone(), canvas, contexts, caches), guidance);
    let schedule = Schedule::new(steps, TimeShift::default(), 1 << 16);
    let noise = Tensor::<1, Int>::arange(0..(BATCH * 96) as i64, &device).float();
    let noise = (noise * 0.37).sin().reshape([BATCH, 4, 4, 6]);
    Solver::Euler.integrate(field, noise, schedule).last().unwrap()
}

/// The images, and the layers that ran in all branches.
fn counted(dit: &Dit, caches: impl Into<StepCaches>) -> (Tensor<4>, usize) {
    let (caches, ran) = (caches.into(), Arc::new(AtomicUsize::new(0)));
    let images = drawn(dit, caches.counting(&ran));
    (images, ran.load(Ordering::Relaxed))
}

fn policies(bar: f64) -> [CachePolicy; 3] {
    [
        CachePolicy::TeaCache { threshold: bar },
        CachePolicy::FirstBlock { threshold: bar },
        CachePolicy::MagCache { threshold: bar },
    ]
}

#[test]
fn with_a_bar_of_nothing_every_layer_runs() {
    let dit = dit();
    let plain = drawn(&dit, CachePolicy::None).into_data();
    for policy in policies(0.0) {
        let (images, ran) = counted(&dit, policy);
        assert_eq!((images.into_data(), ran), (plain.clone(), 2 * STEPS * LAYERS), "{policy}");
    }
}

#[test]
fn each_skips_all_that_its_method_lets_it() {
    let dit = dit();
    let plain = drawn(&dit, CachePolicy::None);
    let ran = |policy: CachePolicy| {
        let (images, ran) = counted(&dit, policy);
        let difference = (images - plain.clone()).abs().max().into_scalar::<f32>();
        assert!(difference > 0.0 && difference.is_finite(), "{policy}");
        ran
    };
    let [tea, first, mag] = policies(1e9).map(ran);
    assert_eq!(tea, 2 * 2 * LAYERS, "the first step and the last");
    assert_eq!(first, 2 * (STEPS + LAYERS - 1), "a layer at every step, the others at the first");
    assert_eq!(mag, 2 * 3 * LAYERS, "two steps at the beginning, and one after three that were skipped");
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
    assert_eq!(FirstBlockCache::new(0.1).bytes(joint), 2 * one);
    assert_eq!(MagCache::new(0.1).bytes(joint), one);
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

/// How many layers run at each of the steps of a latent and a time that stand still.
fn still(dit: &Dit, steps: usize, caches: impl Into<StepCaches>) -> Vec<usize> {
    let device = Device::flex();
    let canvas = dit.canvas(SIZE, &[]).unwrap();
    let context = dit.prepare(Tensor::ones([1, 3, 16], &device), &canvas);
    let ran = Arc::new(AtomicUsize::new(0));
    let mut cache = caches.into().counting(&ran).start();
    let mut ran_at = |step| {
        let at = Moment { t: 0.3, step, steps };
        let step = dit.at(Tensor::ones([BATCH, 4, 4, 6], &device), at, &canvas);
        let _ = dit.velocity_cached(&step, &context, &mut *cache);
        ran.swap(0, Ordering::Relaxed)
    };
    (0..steps).map(&mut ran_at).collect()
}

#[test]
fn where_nothing_changes_steps_are_skipped_as_each_method_says() {
    let dit = dit();
    assert_eq!(still(&dit, 6, CachePolicy::TEA_CACHE), [3, 0, 0, 0, 0, 3]);
    assert_eq!(still(&dit, 6, CachePolicy::FirstBlock { threshold: 1e-9 }), [3, 1, 1, 1, 1, 1]);
    assert_eq!(still(&dit, 10, CachePolicy::MagCache { threshold: 1e-3 }), [3, 3, 0, 0, 0, 3, 0, 0, 0, 3]);
}

#[test]
fn magcache_runs_where_its_curve_turns() {
    let dit = dit();
    let mut ratios = vec![1.0; 10];
    ratios[3] = 1.2;
    let curve = MagCurve::new(ratios);
    let ran = |threshold| {
        let curve = curve.clone();
        still(&dit, 10, StepCaches::new(move || MagCache::with_curve(threshold, curve.clone())))
    };
    assert_eq!(ran(0.1), [3, 3, 0, 3, 0, 0, 0, 3, 0, 0]);
    assert_eq!(ran(0.3), [3, 3, 0, 0, 3, 0, 0, 0, 3, 0], "0.2 at step 3 and again at step 4");
    assert_eq!(ran(0.0), [3; 10]);
}

#[test]
fn a_curve_is_recorded_while_every_layer_runs() {
    let dit = dit();
    let calibration = MagCalibration::default();
    assert_eq!(calibration.curve(), MagCurve::default());
    let (images, ran) = counted(&dit, calibration.caches());
    assert_eq!(images.into_data(), drawn(&dit, CachePolicy::None).into_data());
    assert_eq!(ran, 2 * STEPS * LAYERS);
    let curve = calibration.curve();
    let ratios = (1..STEPS).map(|step| curve.ratio(Moment { t: 0.0, step, steps: STEPS }));
    assert!(
        ratios.clone().all(|ratio| (0.1..10.0).contains(&ratio)) && ratios.clone().any(|ratio| ratio != 1.0)
    );
    let json = serde_json::to_string(&curve).unwrap();
    let read: MagCurve = serde_json::from_str(&json).unwrap();
    let last = Moment { t: 0.0, step: STEPS - 1, steps: STEPS };
    assert!((read.ratio(last) - curve.ratio(last)).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn interpolated_ratios_come_to_the_same_magnitude(
        ratios in prop::collection::vec(0.5..2.0, 2..30), steps in 2usize..60,
    ) {
        let product: f64 = ratios[1..].iter().product();
        let curve = MagCurve::new(ratios);
        let all: f64 = (0..steps).map(|step| curve.ratio(Moment { t: 0.0, step, steps })).product();
        prop_assert!((all / product - 1.0).abs() < 1e-9);
    }
}
