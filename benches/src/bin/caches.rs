//! What step caches save, and what that costs: `caches [PICTURES [GUIDANCE [SOLVER]]]` draws so many pictures of the
//! shapes world with the small model and each cache, and prints how much of the layers' work was done, how far the
//! latents are from those without a cache, how long the steps took, and how many pictures show what was asked for.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use burn::prelude::*;
use omnigen2_dit::{MagCache, MagCalibration, MagCurve, StepCaches};
use omnigen2_pipeline::{CachePolicy, ImageRequest, OmniGen2, Solver, device};
use omnigen2_shapes::{Drawing, Examples, Task, checkpoint, request};

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const STEPS: [usize; 3] = [20, 28, 50];
const SEED: u64 = 1;
/// The steps with which MagCache's curve is recorded, and the first picture that it is recorded from.
const RECORDED_STEPS: usize = 28;
const FIRST_RECORDED: u64 = 1 << 16;

const POLICIES: [CachePolicy; 13] = [
    CachePolicy::TEA_CACHE,
    CachePolicy::TeaCache { threshold: 0.1 },
    CachePolicy::TaylorSeer,
    CachePolicy::FirstBlock { threshold: 0.05 },
    CachePolicy::FIRST_BLOCK,
    CachePolicy::FirstBlock { threshold: 0.12 },
    CachePolicy::MagCache { threshold: 0.03 },
    CachePolicy::MAG_CACHE,
    CachePolicy::MagCache { threshold: 0.12 },
    CachePolicy::Auto { error: 0.01 },
    CachePolicy::Auto { error: 0.02 },
    CachePolicy::AUTO,
    CachePolicy::Auto { error: 0.1 },
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let pictures: u64 = arguments.next().map_or(Ok(12), |count| count.parse())?;
    let guidance = arguments.next().map_or(Ok(3.0), |scale| scale.parse())?;
    let solver = arguments.next().map_or(Ok(Solver::Euler), |solver| solver.parse())?;
    let case = |index, steps| {
        let drawing = Examples::evaluation(SEED).drawing(Task::TextToImage, index);
        let mut request = request(&drawing.prompt).seed(SEED + index).steps(steps).solver(solver);
        request.guidance.text = guidance;
        Case { drawing, request }
    };
    let cases = |from, steps| (from..from + pictures).map(|index| case(index, steps)).collect::<Vec<_>>();
    let curve = curve(&cases(FIRST_RECORDED, RECORDED_STEPS))?;
    let mut columns = Vec::new();
    for steps in STEPS {
        columns.push(compare(&cases(0, steps), &curve)?);
    }
    println!("| cache | {} |\n|---|--:|--:|--:|", STEPS.map(|steps| format!("{steps} steps")).join(" | "));
    for row in 0..columns[0].len() {
        let cells: Vec<String> = columns.iter().map(|column| column[row].cell(&column[0])).collect();
        println!("| {} | {} |", columns[0][row].name, cells.join(" | "));
    }
    Ok(())
}

fn curve(cases: &[Case]) -> Result<MagCurve, Box<dyn Error>> {
    let calibration = MagCalibration::default();
    let mut recording = Contender::new("", CachePolicy::None, calibration.caches())?;
    cases.iter().try_for_each(|case| recording.draw(case))?;
    Ok(calibration.curve())
}

/// Each picture with every cache in turn, so that what else the machine does falls on all of them.
fn compare(cases: &[Case], curve: &MagCurve) -> Result<Vec<Contender>, Box<dyn Error>> {
    let of_policy = |policy: CachePolicy| Contender::new(&policy.to_string(), policy, policy.into());
    let by_curve = |threshold| {
        let curve = curve.clone();
        let caches = StepCaches::new(move || MagCache::with_curve(threshold, curve.clone()));
        Contender::new(&format!("magcache={threshold}, by a curve"), CachePolicy::None, caches)
    };
    let policies = std::iter::once(CachePolicy::None).chain(POLICIES).map(of_policy);
    let contenders = policies.chain([by_curve(0.06)]).collect::<Result<Vec<_>, _>>();
    let mut contenders = contenders?;
    for case in cases {
        contenders.iter_mut().try_for_each(|contender| contender.draw(case))?;
    }
    Ok(contenders)
}

/// A picture to draw.
struct Case {
    drawing: Drawing,
    request: ImageRequest,
}

/// A cache, and what it made of the pictures so far.
struct Contender {
    name: String,
    policy: CachePolicy,
    omnigen2: OmniGen2,
    /// How many layers ran.
    ran: Arc<AtomicUsize>,
    latents: Vec<Tensor<4>>,
    seconds: Vec<f64>,
    right: usize,
}

impl Contender {
    fn new(name: &str, policy: CachePolicy, caches: StepCaches) -> Result<Self, Box<dyn Error>> {
        let ran = Arc::new(AtomicUsize::new(0));
        let builder = OmniGen2::builder(&device::by_name("cpu")?).from_checkpoint(checkpoint());
        let omnigen2 = builder.step_caches(caches.counting(&ran)).build()?;
        let (name, latents, seconds) = (name.into(), Vec::new(), Vec::new());
        Ok(Self { name, policy, omnigen2, ran, latents, seconds, right: 0 })
    }

    fn draw(&mut self, case: &Case) -> Result<(), Box<dyn Error>> {
        let request = case.request.clone().step_cache(self.policy);
        let mut generation = self.omnigen2.generate(&request)?;
        let start = Instant::now();
        while generation.next().transpose()?.is_some() {}
        self.seconds.push(start.elapsed().as_secs_f64());
        self.latents.push(generation.latents().clone());
        self.right += usize::from(case.drawing.judge(&generation.finish()?.remove(0)).right);
        Ok(())
    }

    /// Layers that ran, mean and largest error, median time, and right pictures.
    fn cell(&self, plain: &Self) -> String {
        let pairs = self.latents.iter().zip(&plain.latents);
        let errors: Vec<f64> = pairs.map(|(latent, plain)| error(latent, plain)).collect();
        let ran = |contender: &Self| contender.ran.load(Ordering::Relaxed) as f64;
        let work = 100.0 * ran(self) / ran(plain);
        let mean = 100.0 * errors.iter().sum::<f64>() / errors.len() as f64;
        let largest = 100.0 * errors.iter().copied().fold(0.0, f64::max);
        let time = 1e3 * median(&self.seconds);
        format!("{work:.0} %, {mean:.1} % ({largest:.1} %), {time:.0} ms, {}", self.right)
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// The relative L2 error.
fn error(latent: &Tensor<4>, plain: &Tensor<4>) -> f64 {
    let length = |x: Tensor<4>| f64::from(x.square().sum().sqrt().into_scalar::<f32>());
    length(latent.clone() - plain.clone()) / length(plain.clone())
}
