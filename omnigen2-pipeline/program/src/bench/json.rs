//! The report as JSON.

use omnigen2_bench::{BRANCHES, MOST_ERROR, Row, TEXT};
use serde_json::{Value, json};

use super::{CHECKED, Report};

pub(super) fn json(report: &Report) -> Value {
    let machine = &report.machine;
    json!({
        "machine": {
            "device": machine.device,
            "processor": machine.processor,
            "threads": machine.threads,
            "instructions": machine.instructions,
            "available": machine.available,
        },
        "checkpoint": report.checkpoint,
        "text_tokens": TEXT,
        "branches": BRANCHES,
        "layers": report.layers,
        "rows": report.rows.iter().map(row).collect::<Vec<_>>(),
        "check": {
            "size": CHECKED.to_string(),
            "whole_seconds": report.check.whole,
            "layers_seconds": report.check.layers,
        },
        "most_error": MOST_ERROR,
        "choice": report.choice().map(|row| {
            json!({ "weights": row.setting.weights, "precision": row.setting.compute })
        }),
    })
}

fn row(row: &Row) -> Value {
    let steps = row.steps.iter().map(|step| {
        json!({
            "size": step.size.to_string(),
            "tokens": step.tokens,
            "layer_seconds": step.layer,
            "step_seconds": step.step,
        })
    });
    json!({
        "weights": row.setting.weights,
        "precision": row.setting.compute,
        "layer_error": row.layer_error,
        "velocity_error": row.setting.known_error(),
        "steps": steps.collect::<Vec<_>>(),
        "tokens_per_second": row.tokens_per_second,
        "resident_bytes": row.need.resident,
        "staged_bytes": row.need.staged,
        "fit": row.need.fit,
    })
}
