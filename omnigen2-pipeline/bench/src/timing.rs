use std::time::{Duration, Instant};

use burn::prelude::Device;
use omnigen2_pipeline::Error;

/// Of so many runs the median counts.
const RUNS: usize = 3;
/// After so long no further run begins.
const ENOUGH: Duration = Duration::from_secs(3);
/// A first run that takes longer is no worse for being the first, and counts.
const LONG: Duration = Duration::from_secs(2);

/// The seconds that work takes until its device is done with it: the median of some runs after one that does not count.
pub(crate) fn median<T>(device: &Device, mut work: impl FnMut() -> Result<T, Error>) -> Result<f64, Error> {
    let mut once = || {
        let start = Instant::now();
        let result = work()?;
        device.sync().map_err(Error::Execution)?;
        let taken = start.elapsed();
        drop(result);
        Ok::<_, Error>(taken)
    };
    let first = once()?;
    let mut runs = if first > LONG { vec![first] } else { vec![] };
    let mut spent = first;
    while runs.is_empty() || (runs.len() < RUNS && spent < ENOUGH) {
        let taken = once()?;
        runs.push(taken);
        spent += taken;
    }
    runs.sort();
    Ok(middle(&runs))
}

fn middle(sorted: &[Duration]) -> f64 {
    let [low, high] = [(sorted.len() - 1) / 2, sorted.len() / 2].map(|at| sorted[at].as_secs_f64());
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_four_short_runs_does_not_count() {
        let mut runs = 0;
        let seconds = median(&Device::flex(), || {
            runs += 1;
            Ok(())
        });
        assert!(seconds.is_ok_and(|seconds| seconds < 1.0));
        assert_eq!(runs, 1 + RUNS);
    }

    #[test]
    fn the_middle_of_two_is_their_mean() {
        let seconds = [1, 2, 6].map(Duration::from_secs);
        assert_eq!([middle(&seconds), middle(&seconds[..2]), middle(&seconds[..1])], [2.0, 1.5, 1.0]);
    }
}
