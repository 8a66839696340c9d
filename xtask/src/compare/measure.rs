use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::cases::Case;
use super::difference;
use super::side::{Side, Sides};
use crate::Failure;

/// The most by which our result may differ from PyTorch's in F32, as a part of the largest number there: the same
/// weights and F32 sums in another order, through a few layers.
pub(super) const TOLERANCE: f64 = 1e-3;

/// A side that has worked so long on a case is asked no more.
const PATIENCE: f64 = 60.0;
/// Threads that wait actively for more work have given up after this.
const PAUSE: Duration = Duration::from_millis(300);

/// What came of a case.
pub(super) struct Measured {
    pub(super) case: &'static Case,
    pub(super) ours: Figures,
    pub(super) f32: Figures,
    /// Nothing, where PyTorch is not asked for it.
    pub(super) bf16: Option<Figures>,
}

/// What came of one side.
#[derive(Default)]
pub(super) struct Figures {
    /// Of every run that counts.
    pub(super) seconds: Vec<f64>,
    /// How long those runs kept us waiting.
    pub(super) wall: f64,
    /// Weights that a run reads, where that is what takes the time.
    pub(super) bytes: Option<u64>,
    pub(super) peak: Option<u64>,
    pub(super) bare: Option<u64>,
    /// The largest difference from PyTorch's result in F32, as a part of the largest number there.
    pub(super) difference: f64,
}

/// Runs the sides in turn: each once to warm up, then `rounds` times.
pub(super) fn measure(case: &'static Case, sides: &Sides, rounds: usize) -> Result<Measured, Failure> {
    let folder = tempfile::tempdir()?;
    let mut all = vec![sides.ours(case)?];
    for dtype in case.torch {
        all.push(sides.pytorch(case, dtype)?);
    }
    let figures = all.iter().map(|side| Figures { bare: side.bare, ..Figures::default() });
    let mut figures: Vec<Figures> = figures.collect();
    for (side, figures) in all.iter_mut().zip(&mut figures) {
        let first = run(side)?;
        // What takes so long needs no warming up.
        if first.wall >= PATIENCE {
            figures.add(&first);
        }
    }
    for _ in 0..rounds {
        for (side, figures) in all.iter_mut().zip(&mut figures) {
            if figures.wall < PATIENCE {
                figures.add(&run(side)?);
            }
        }
    }
    let path = |side: &Side| folder.path().join(side.name);
    for (side, figures) in all.iter_mut().zip(&mut figures) {
        figures.peak = side.ask("peak")?["peak"].as_u64();
        side.ask(&format!("write {}", path(side).display()))?;
    }
    for (side, figures) in all.iter().zip(&mut figures) {
        figures.difference = difference::relative(&path(side), &folder.path().join("f32"))?;
    }
    let mut figures = figures.into_iter();
    match (figures.next(), figures.next(), figures.next()) {
        (Some(ours), Some(f32), bf16) => Ok(Measured { case, ours, f32, bf16 }),
        _ => Err(Failure::Work(format!("{} was not measured on both sides", case.name))),
    }
}

fn run(side: &mut Side) -> Result<Run, Failure> {
    sleep(PAUSE);
    let start = Instant::now();
    let answer = side.ask("run")?;
    let wall = start.elapsed().as_secs_f64();
    let seconds = answer["seconds"].as_f64();
    let seconds =
        seconds.ok_or_else(|| Failure::Work(format!("`{}` told no seconds: {answer}", side.name)))?;
    Ok(Run { seconds, wall, bytes: answer["bytes"].as_u64() })
}

struct Run {
    seconds: f64,
    /// What was waited, where `seconds` is scaled.
    wall: f64,
    bytes: Option<u64>,
}

impl Measured {
    /// Whether our result is PyTorch's.
    pub(super) fn agrees(&self) -> bool {
        self.ours.difference <= TOLERANCE
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "case": self.case.name,
            "about": self.case.about,
            "ours": self.ours.json(),
            "torch_f32": self.f32.json(),
            "torch_bf16": self.bf16.as_ref().map(Figures::json),
        })
    }
}

impl Figures {
    fn add(&mut self, run: &Run) {
        self.seconds.push(run.seconds);
        self.wall += run.wall;
        self.bytes = run.bytes;
    }

    pub(super) fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        let half = sorted.len() / 2;
        match sorted.len() % 2 {
            1 => sorted[half],
            _ => (sorted[half.saturating_sub(1)] + sorted[half]) / 2.0,
        }
    }

    fn json(&self) -> Value {
        json!({
            "seconds": self.seconds,
            "median": self.median(),
            "weight_bytes": self.bytes,
            "peak_bytes": self.peak,
            "bare_bytes": self.bare,
            "difference": self.difference,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_both() {
        let median = |seconds: &[f64]| Figures { seconds: seconds.to_vec(), ..Figures::default() }.median();
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
