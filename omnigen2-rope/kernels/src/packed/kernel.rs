//! The loops that all instruction sets share, as a macro: a trait's methods could not be compiled for wide vectors
//! without `unsafe` in each.
//!
//! A module that uses it has, each compiled for the same instructions or fewer:
//! - `Bytes`, `Ints`, `Floats`: 64 bytes of weights, and sixteen numbers
//! - `SPLIT`: vectors that 64 bytes are split into, two if their even and their odd bytes widen to words
//! - `UNROLLED`: whether the vectors of a block are multiplied without a loop: multiplication and addition apart would
//!   be moved over each other, and registers spilt
//! - `load`, `store_bytes`, `nibbles`, `split`: weights, as they rest and as they are multiplied
//! - `begin`, `dot`, `end`: sums of a block, from what they start from on
//! - `splat`, `to_floats`, `splat_float`, `floats`, `halves`, `mul`, `add`, `mul_add`, `store`: arithmetic

/// Numbers of the summed axis that are multiplied before the next outputs: those of a tile stay in the first cache.
pub(super) const DEPTH: usize = 1024;
/// Groups of outputs whose panels lie in the second cache.
pub(super) const TOGETHER: usize = 8;
/// With more rows, unpacking weights into a panel pays.
pub(super) const FEW: usize = 4;
/// The most groups whose weights are read together for few rows: more streams than the processor follows are slower.
pub(super) const STREAMS: usize = 4;

macro_rules! kernels {
    ($(#[$features:meta])* rows: $($count:literal)*; few: $($few:literal by $groups:literal)*) => {
        rounding! { $(#[$features])* }
        streaming! { $(#[$features])* $($few by $groups)* }

        /// Does any work to its end.
        $(#[$features])*
        pub(super) fn run(work: Work<'_>) {
            match work {
                Work::Quantise(task) => match task.order.layout.block {
                    Block::Of16 => quantise::<16, 1>(task),
                    Block::Of32 => quantise::<32, 2>(task),
                },
                Work::Multiply(multiply) if multiply.is_few() => {
                    let layout = multiply.weight.layout();
                    match (layout.bits, layout.block) {
                        (Bits::Eight, Block::Of16) => stream::<4, false>(multiply),
                        (Bits::Eight, Block::Of32) => stream::<8, false>(multiply),
                        (Bits::Four, Block::Of16) => stream::<2, true>(multiply),
                        (Bits::Four, Block::Of32) => stream::<4, true>(multiply),
                    }
                }
                Work::Multiply(multiply) => match multiply.weight.layout().block {
                    Block::Of16 => all::<4>(multiply),
                    Block::Of32 => all::<8>(multiply),
                },
            }
        }

        /// Multiplies with blocks of `STEPS` vectors of bytes.
        $(#[$features])*
        fn all<const STEPS: usize>(mut task: Multiply<'_>) {
            let layout = *task.weight.layout();
            let is_stored = SPLIT == 1 && layout.bits == Bits::Eight;
            let (blocks, deep) = (layout.blocks(), DEPTH / layout.block.count());
            let mut panels = vec![Panel { is_stored, ..Panel::default() }; TOGETHER.min(task.groups.len())];
            for first in task.groups.clone().step_by(TOGETHER) {
                let panels = &mut panels[..TOGETHER.min(task.groups.end - first)];
                for from in (0..blocks).step_by(deep) {
                    let part = from..(from + deep).min(blocks);
                    for (panel, group) in panels.iter_mut().zip(first..) {
                        fill(panel, &task.weight, group, &part);
                    }
                    multiply::<STEPS>(&mut task, first, &part, panels);
                }
            }
        }

        /// Multiplies some blocks of all rows with those of the groups from `first` on.
        $(#[$features])*
        fn multiply<const STEPS: usize>(
            task: &mut Multiply<'_>,
            first: usize,
            blocks: &Range<usize>,
            panels: &[Panel],
        ) {
            let (mut out, is_first) = (&mut task.out[..], blocks.start == 0);
            for tile in task.tiles {
                let (rows, rest) = out.split_at_mut(tile.rows);
                let part = tile.part(blocks);
                for (panel, group) in panels.iter().zip(first..) {
                    let at = (group - task.groups.start) * 16;
                    let values = if panel.is_stored {
                        task.weight.values(group, blocks).as_chunks::<64>().0
                    } else {
                        &panel.values
                    };
                    match tile.width {
                        $($count => put(tile_of::<$count, STEPS>(part, values, panel), rows, at, is_first),)*
                        _ => {}
                    }
                }
                out = rest;
            }
        }

        /// Unpacks what lies otherwise than it is multiplied.
        $(#[$features])*
        fn fill(panel: &mut Panel, weight: &PackedWeight<'_>, group: usize, blocks: &Range<usize>) {
            let layout = weight.layout();
            widen(layout.scales, weight.scales(group, blocks), &mut panel.scales);
            if layout.has_offsets {
                widen(layout.scales, weight.offsets(group, blocks), &mut panel.offsets);
            }
            if !panel.is_stored {
                unpack(layout.bits, weight.values(group, blocks).as_chunks::<64>().0, &mut panel.values);
            }
        }

        /// Widens scales, sixteen together.
        $(#[$features])*
        fn widen(rest: ScaleType, bytes: &[u8], wide: &mut Vec<[f32; 16]>) {
            wide.resize(bytes.len() / (16 * rest.size()), [0.0; 16]);
            match rest {
                ScaleType::F16 => {
                    for (wide, bytes) in wide.iter_mut().zip(bytes.as_chunks::<32>().0) {
                        store(halves(bytes), wide);
                    }
                }
                ScaleType::F32 => bytemuck::cast_slice_mut(wide).copy_from_slice(bytes),
            }
        }

        /// Lays vectors out as they are multiplied.
        $(#[$features])*
        fn unpack(bits: Bits, values: &[[u8; 64]], panel: &mut Vec<[u8; 64]>) {
            let each = if bits == Bits::Four { 2 * SPLIT } else { SPLIT };
            panel.resize(values.len() * each, [0; 64]);
            for (value, out) in values.iter().zip(panel.chunks_exact_mut(each)) {
                let value = load(value);
                if bits == Bits::Four {
                    let [low, high] = nibbles(value);
                    let (out, rest) = out.split_at_mut(SPLIT);
                    put_split(low, out);
                    put_split(high, rest);
                } else {
                    put_split(value, out);
                }
            }
        }

        $(#[$features])*
        #[inline]
        fn put_split(value: Bytes, out: &mut [[u8; 64]]) {
            let split = split(value);
            for s in 0..SPLIT {
                store_bytes(split[s], &mut out[s]);
            }
        }

        /// Products of `COUNT` rows with sixteen outputs.
        $(#[$features])*
        fn tile_of<const COUNT: usize, const STEPS: usize>(
            rows: Part<'_>,
            values: &[[u8; 64]],
            panel: &Panel,
        ) -> [Floats; COUNT] {
            let vectors = if UNROLLED { STEPS } else { values.len() / panel.scales.len().max(1) };
            let mut sums = [splat_float(0.0); COUNT];
            let weights = values.chunks_exact(vectors).zip(&panel.scales);
            let packets = rows.packets.as_chunks::<COUNT>().0.chunks_exact(vectors);
            let scales = rows.starts.as_chunks::<COUNT>().0.iter().zip(rows.scales.as_chunks::<COUNT>().0);
            for (((values, scale), packets), (starts, ours)) in weights.zip(packets).zip(scales) {
                let mut ints = [splat(0); COUNT];
                for r in 0..COUNT {
                    ints[r] = begin(starts[r]);
                }
                for (value, packets) in values.iter().zip(packets.chunks_exact(1)) {
                    ints = step(ints, [load(value)], packets);
                }
                let scale = floats(scale);
                for r in 0..COUNT {
                    ints[r] = end(ints[r], starts[r]);
                    sums[r] = mul_add(to_floats(ints[r]), mul(scale, splat_float(ours[r])), sums[r]);
                }
            }
            if panel.offsets.is_empty() { sums } else { with_offsets(sums, rows, panel) }
        }

        /// Adds the products of `COUNT` rows with vectors of weights.
        $(#[$features])*
        #[inline]
        fn step<const COUNT: usize, const VECTORS: usize>(
            mut ints: [Ints; COUNT],
            values: [Bytes; VECTORS],
            packets: &[[i32; COUNT]],
        ) -> [Ints; COUNT] {
            for v in 0..VECTORS {
                for r in 0..COUNT {
                    ints[r] = dot(ints[r], values[v], packets[v][r]);
                }
            }
            ints
        }

        $(#[$features])*
        fn with_offsets<const COUNT: usize>(
            mut sums: [Floats; COUNT],
            rows: Part<'_>,
            panel: &Panel,
        ) -> [Floats; COUNT] {
            for (offsets, blocks) in panel.offsets.iter().zip(rows.sums.as_chunks::<COUNT>().0) {
                let offsets = floats(offsets);
                for r in 0..COUNT {
                    sums[r] = mul_add(offsets, splat_float(blocks[r]), sums[r]);
                }
            }
            sums
        }

        /// Puts products into sixteen outputs, or adds them.
        $(#[$features])*
        fn put<const COUNT: usize>(sums: [Floats; COUNT], out: &mut [&mut [f32]], at: usize, is_first: bool) {
            for (sums, out) in sums.into_iter().zip(out) {
                let out = &mut out[at..];
                if let Some(out) = out.first_chunk_mut::<16>() {
                    store(if is_first { sums } else { add(floats(out), sums) }, out);
                } else {
                    let mut tail = [0.0; 16];
                    let rest = &mut tail[..out.len()];
                    if !is_first {
                        rest.copy_from_slice(out);
                    }
                    store(add(floats(&tail), sums), &mut tail);
                    out.copy_from_slice(&tail[..out.len()]);
                }
            }
        }
    };
}

pub(super) use kernels;

/// The imports of a module of kernels.
pub(super) mod prelude {
    pub(in super::super) use std::ops::Range;

    pub(in super::super) use super::super::activations::{Quantise, Rows, scale_of};
    pub(in super::super) use super::super::layout::{Bits, Block, ScaleType};
    pub(in super::super) use super::super::round::{RUN, rounding};
    pub(in super::super) use super::super::stream::streaming;
    pub(in super::super) use super::super::weight::PackedWeight;
    pub(in super::super) use super::super::work::{Multiply, Panel, Part, Work};
    pub(in super::super) use super::{DEPTH, TOGETHER, kernels};
}
