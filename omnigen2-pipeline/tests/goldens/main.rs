//! Runs every golden file: inputs and outputs of the PyTorch reference on a checkpoint.
//!
//! `OMNIGEN2_CHECKPOINT` and `OMNIGEN2_GOLDENS` name other directories than the repository's own copies,
//! `OMNIGEN2_DEVICE` another device than the CPU, `OMNIGEN2_STORAGE` another way for weights to rest than as stored,
//! such as `q8`, or `bf16` with products in it: the networks may then be 2 % off. Arguments keep the cases whose names
//! contain one of them.

#![allow(unreachable_pub, reason = "a test's modules are reached by nothing outside")]
#![allow(clippy::expect_used, clippy::panic, reason = "a case fails by panicking")]

mod batch;
mod chat;
mod checkpoint;
mod dit;
mod full;
mod golden;
mod greedy;
mod images;
mod lora;
mod mllm;
mod noise;
mod pipeline;
mod rope;
mod schedulers;
mod tokenizer;
mod train;
mod vae;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use checkpoint::Checkpoint;
use golden::{Golden, Outcome, list};

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let root = golden::directory("OMNIGEN2_GOLDENS", "goldens");
    let checkpoint = Checkpoint::new(golden::directory("OMNIGEN2_CHECKPOINT", "tiny-checkpoint"));
    let (mut passed, mut failed) = (0, 0);
    for (name, path) in list(&root) {
        if !wanted.is_empty() && !wanted.iter().any(|w| name.contains(w)) {
            continue;
        }
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| run(&Golden::read(&name, &path)?, &checkpoint)))
            .unwrap_or_else(|_| Err("panicked".into()));
        match outcome {
            Ok(score) if score.holds() => {
                passed += 1;
                println!("{name}  {score}  {:.1?}", start.elapsed());
            }
            Ok(score) => {
                failed += 1;
                println!("{name}  FAILED: {score}");
            }
            Err(why) => {
                failed += 1;
                println!("{name}  FAILED: {why}");
            }
        }
    }
    println!("\n{passed} passed, {failed} failed");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(case: &Golden, checkpoint: &Checkpoint) -> Outcome {
    match case.name.split('/').next().unwrap_or_default() {
        "rope" => rope::run(case),
        "schedulers" => schedulers::run(case),
        "noise" => noise::run(case, checkpoint),
        "images" => images::run(case, checkpoint),
        "vae" => vae::run(case, checkpoint),
        "dit" => dit::run(case, checkpoint),
        "lora" => lora::run(case, checkpoint),
        "mllm" => mllm::run(case, checkpoint),
        "pipeline" => pipeline::run(case, checkpoint),
        "tokenizer" => tokenizer::run(case, checkpoint),
        "train" => train::run(case, checkpoint),
        name if name.starts_with("full_") => full::run(case, checkpoint),
        _ => Err("no code runs this golden".into()),
    }
}
