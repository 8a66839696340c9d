//! Rotation and attention of the diffusion transformer.

use std::cell::LazyCell;

use burn::prelude::*;
use burn::tensor::DType;
use criterion::Criterion;
use omnigen2_rope::ops::project;
use omnigen2_rope::{Frequencies, Grid, OmniLayout, Visibility, attend};

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
    for side in [16, 32] {
        add(&mut group, device, Case { heads: 21, kv_heads: 7, axis: 40, side });
    }
    for rows in [1, 256] {
        add_project(&mut group, device, rows);
    }
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
        attend(queries.clone(), keys.clone(), values.clone(), Visibility::All)
    });
}
