//! Rotation, attention, and the operations that all rotary transformers here share.

use std::cell::LazyCell;

use burn::prelude::*;
use burn::tensor::DType;
use criterion::Criterion;
use omnigen2_rope::ops::{RmsNorm, project, silu_gate};
use omnigen2_rope::{AttentionMask, Frequencies, Grid, OmniLayout, attend};

use crate::{Group, measure, normal, published, tiny};

/// A sequence of an image alone, and the heads that attend to it.
#[derive(Clone, Copy)]
struct Case {
    heads: usize,
    kv_heads: usize,
    axis: usize,
    side: usize,
}

/// Adds the benchmarks of `omnigen2-rope`.
pub fn define(criterion: &mut Criterion, device: &Device) {
    add(&mut tiny(criterion, "rope"), device, Case { heads: 6, kv_heads: 2, axis: 4, side: 4 });
    let mut group = published(criterion, "rope");
    for side in [16, 32, 64] {
        add(&mut group, device, Case { heads: 21, kv_heads: 7, axis: 40, side });
    }
    add_causal(&mut group, device);
    add_joint(&mut group, device);
    for rows in [1, 256] {
        add_project(&mut group, device, rows);
    }
}

/// The language model's attention to what it reads.
fn add_causal(group: &mut Group<'_>, device: &Device) {
    const TOKENS: usize = 512;
    let dims = [1, 16, TOKENS, 128];
    let queries = LazyCell::new(|| normal(dims, device));
    let shared = || normal([1, 2, TOKENS, 128], device);
    let (keys, values) = (LazyCell::new(shared), LazyCell::new(shared));
    measure(group, &format!("attend causally/{TOKENS} tokens"), dims, || {
        attend(queries.clone(), keys.clone(), values.clone(), &AttentionMask::Causal)
    });
}

/// What stands between the products of a joint layer.
fn add_joint(group: &mut Group<'_>, device: &Device) {
    const TOKENS: usize = 1024;
    let (narrow, wide) = ([1, TOKENS, 2520], [1, TOKENS, 10_240]);
    let x = LazyCell::new(|| normal(narrow, device));
    let norm = RmsNorm::new(narrow[2], 1e-5, device);
    measure(group, &format!("RMS norm/{TOKENS} tokens"), narrow, || norm.forward(x.clone()));
    let (gate, up) = (LazyCell::new(|| normal(wide, device)), LazyCell::new(|| normal(wide, device)));
    measure(group, &format!("SiLU gate/{TOKENS} tokens"), wide, || silu_gate(gate.clone(), up.clone()));
}

/// The widest product of the language model: one row when it speaks, many when it reads.
fn add_project(group: &mut Group<'_>, device: &Device, rows: usize) {
    const WIDE: usize = 11_008;
    const NARROW: usize = 2048;
    let x = LazyCell::new(|| normal([rows, NARROW], device));
    let weight = LazyCell::new(|| normal([WIDE, NARROW], device));
    for dtype in [DType::F32, DType::BF16] {
        let weight = LazyCell::new(|| weight.clone().cast(dtype));
        let name = format!("project {rows} rows/{dtype:?} weights");
        measure(group, &name, [rows, WIDE], || project(x.clone(), weight.clone()));
    }
}

fn add(group: &mut Group<'_>, device: &Device, case: Case) {
    let Case { heads, kv_heads, axis, side } = case;
    let tokens = side * side;
    let dims = [1, heads, tokens, 3 * axis];
    let queries = LazyCell::new(|| normal(dims, device));
    let shared = || normal([1, kv_heads, tokens, 3 * axis], device);
    let (keys, values) = (LazyCell::new(shared), LazyCell::new(shared));
    let rotation = LazyCell::new(|| {
        let layout = OmniLayout { text: 0, references: Vec::new(), target: Grid::new(side, side) };
        Frequencies::omni(10_000.0, [axis; 3]).rotation(&layout.joint(), device)
    });
    measure(group, &format!("rotate/{tokens} tokens"), dims, || rotation.apply(queries.clone()));
    measure(group, &format!("attend/{tokens} tokens"), dims, || {
        attend(queries.clone(), keys.clone(), values.clone(), &AttentionMask::None)
    });
}
