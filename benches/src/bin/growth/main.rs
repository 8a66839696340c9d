//! How the cost of a joint layer grows: `growth FILE.png` measures one at the published width for larger images and
//! for more references, fits the cost by what each token costs and what each pair of tokens costs, and plots both.

use std::error::Error;
use std::time::Instant;

use benches::dit::{Case, Inputs, layer, shallow};
use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_pipeline::device;

mod fit;
mod plot;

use fit::Fit;
use plot::plot;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Of each case the fastest of so many runs counts.
const ROUNDS: usize = 5;
/// Sides of images without references, in patches: 256² to 1024² pixels.
const SIDES: [usize; 6] = [16, 24, 32, 40, 48, 64];
/// Numbers of references beside an image of 256² pixels, each of the same size.
const REFERENCES: [usize; 3] = [1, 2, 4];

/// A case and what it cost.
struct Sample {
    name: String,
    /// Of the whole joint sequence.
    tokens: f64,
    seconds: f64,
    has_references: bool,
}

impl Sample {
    fn new(case: Case, seconds: f64) -> Self {
        let pixels = 16 * case.side;
        let name = match case.references {
            0 => format!("{pixels}×{pixels}"),
            1 => format!("{pixels}×{pixels}, 1 reference"),
            count => format!("{pixels}×{pixels}, {count} references"),
        };
        Self { name, tokens: case.tokens() as f64, seconds, has_references: case.references > 0 }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("growth needs the name of a PNG file to write")?;
    let cases = SIDES.map(|side| Case::published(side, 0)).into_iter();
    let cases: Vec<Case> = cases.chain(REFERENCES.map(|count| Case::published(16, count))).collect();
    let samples = measure(&cases, &device::by_name("cpu")?)?;
    let points: Vec<_> = samples.iter().map(|sample| [sample.tokens, sample.seconds]).collect();
    let fit = Fit::of(&points).ok_or("there are too few samples to fit")?;
    print!("{}", table(&samples, &fit));
    plot(&samples, &fit).save(&path)?;
    println!("\nplotted to {path}");
    Ok(())
}

/// The cases in turn, and again, so that what else the machine does falls on all of them.
fn measure(cases: &[Case], device: &Device) -> Result<Vec<Sample>, Box<dyn Error>> {
    let dit = layer(&shallow(0), DType::BF16, device);
    let mut seconds = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for (&case, seconds) in cases.iter().zip(&mut seconds) {
            let inputs = Inputs::new(&dit, case, device);
            let (step, context) = (inputs.step(&dit), inputs.context(&dit));
            let start = Instant::now();
            let _ = dit.velocity(&step, &context);
            device.sync()?;
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    let least = |seconds: Vec<f64>| seconds.into_iter().fold(f64::INFINITY, f64::min);
    Ok(cases.iter().zip(seconds).map(|(&case, seconds)| Sample::new(case, least(seconds))).collect())
}

fn table(samples: &[Sample], fit: &Fit) -> String {
    let row = |sample: &Sample| {
        let Sample { name, tokens, seconds, .. } = sample;
        let off = 100.0 * (seconds / fit.at(*tokens) - 1.0);
        let each = 1e3 * seconds / tokens;
        format!("| {name} | {tokens} | {:.0} ms | {each:.2} ms | {off:+.0} % |\n", 1e3 * seconds)
    };
    let rows: String = samples.iter().map(row).collect();
    let [constant, token, pair] = fit.coefficients;
    format!(
        "| a joint layer | tokens | time | each token | off the fit |\n|---|--:|--:|--:|--:|\n{rows}\n\
         time = {:.1} ms + {:.3} ms · tokens + {:.1} ns · tokens²\n",
        1e3 * constant,
        1e3 * token,
        1e9 * pair
    )
}
