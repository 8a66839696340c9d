//! Every target on its seeds, whole, cut and changed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use omnigen2_fuzz::{TARGETS, Target};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;

/// The most bytes that all seeds have together.
const MOST_BYTES: usize = 200_000;
/// Changed inputs of each target.
const CASES: u32 = 300;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn seeds(target: &Target) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> =
        fs::read_dir(corpus().join(target.name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A seed, none of which is empty, cut off or not, with some bytes changed.
fn changed(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let places = prop::collection::vec((any::<Index>(), any::<u8>()), 0..5);
    (prop::sample::select(seeds), places, any::<Index>(), any::<bool>()).prop_map(
        |(mut bytes, places, length, is_cut)| {
            for (place, value) in places {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            if is_cut {
                bytes.truncate(length.index(bytes.len()));
            }
            bytes
        },
    )
}

#[test]
fn every_target_has_seeds_and_every_seed_a_target() {
    let mut folders: Vec<_> = fs::read_dir(corpus())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    folders.sort();
    assert_eq!(folders, TARGETS.map(|target| target.name));
    let bytes: usize = TARGETS.iter().flat_map(seeds).map(|seed| seed.len()).sum();
    assert!(bytes <= MOST_BYTES, "{bytes} bytes of seeds");
}

#[test]
fn seeds_and_what_is_close_to_them_are_read_or_refused() {
    for target in &TARGETS {
        let read = target.begin().unwrap();
        let seeds = seeds(target);
        for seed in &seeds {
            read(seed).unwrap();
        }
        let mut runner = TestRunner::new(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(CASES)
        });
        let outcome = runner.run(&changed(seeds), |bytes| {
            read(&bytes).unwrap();
            Ok(())
        });
        outcome.unwrap();
    }
}
