//! Rotation and attention of the diffusion transformer.

use std::cell::LazyCell;

use burn::prelude::*;
use criterion::Criterion;
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
