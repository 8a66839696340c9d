//! How few rows are multiplied, as a macro for the same reason as the [kernels](super::kernel): weights are read once,
//! as they lie, several groups at a time.

macro_rules! streaming {
    ($(#[$features:meta])* $($count:literal by $groups:literal)*) => {
        /// Multiplies all blocks of few rows, with `VECTORS` vectors of weights a block.
        $(#[$features])*
        fn stream<const VECTORS: usize, const PACKED: bool>(mut task: Multiply<'_>) {
            match task.tiles[0].width {
                $($count => stream_groups::<$count, $groups, VECTORS, PACKED>(&mut task),)*
                _ => {}
            }
        }

        $(#[$features])*
        fn stream_groups<const COUNT: usize, const GROUPS: usize, const VECTORS: usize, const PACKED: bool>(
            task: &mut Multiply<'_>,
        ) {
            let (mut group, groups) = (task.groups.start, task.groups.clone());
            while group + GROUPS <= groups.end {
                let sums = products::<COUNT, GROUPS, VECTORS, PACKED>(task, group);
                for g in 0..GROUPS {
                    put(sums[g], &mut task.out, (group + g - groups.start) * 16, true);
                }
                group += GROUPS;
            }
            for group in group..groups.end {
                let [sums] = products::<COUNT, 1, VECTORS, PACKED>(task, group);
                put(sums, &mut task.out, (group - groups.start) * 16, true);
            }
        }

        /// Products of `COUNT` rows with the outputs of `GROUPS` groups.
        $(#[$features])*
        fn products<const COUNT: usize, const GROUPS: usize, const VECTORS: usize, const PACKED: bool>(
            task: &Multiply<'_>,
            group: usize,
        ) -> [[Floats; COUNT]; GROUPS] {
            let (weight, layout) = (&task.weight, *task.weight.layout());
            let (tile, all) = (&task.tiles[0], 0..layout.blocks());
            let vectors = if UNROLLED { VECTORS } else { layout.block_bytes() / 64 };
            let mut values: [&[[u8; 64]]; GROUPS] = [&[]; GROUPS];
            let (mut scales, mut offsets): ([&[u8]; GROUPS], [&[u8]; GROUPS]) = ([&[]; GROUPS], [&[]; GROUPS]);
            for g in 0..GROUPS {
                values[g] = weight.values(group + g, &all).as_chunks().0;
                scales[g] = weight.scales(group + g, &all);
                if layout.has_offsets {
                    offsets[g] = weight.offsets(group + g, &all);
                }
            }
            let each = vectors * if PACKED { 2 * SPLIT } else { SPLIT };
            let mut sums = [[splat_float(0.0); COUNT]; GROUPS];
            let packets = tile.packets.as_chunks::<COUNT>().0.chunks_exact(each);
            let numbers = tile.starts.as_chunks::<COUNT>().0.iter().zip(tile.scales.as_chunks::<COUNT>().0);
            let blocks = packets.zip(numbers).zip(tile.sums.as_chunks::<COUNT>().0).enumerate();
            for (b, ((packets, (starts, ours)), shares)) in blocks {
                for g in 0..GROUPS {
                    let ints = block::<COUNT, PACKED>(&values[g][b * vectors..][..vectors], packets, starts);
                    let scale = scales_of(layout.scales, scales[g], b);
                    for r in 0..COUNT {
                        sums[g][r] = mul_add(to_floats(ints[r]), mul(scale, splat_float(ours[r])), sums[g][r]);
                    }
                    if layout.has_offsets {
                        let offset = scales_of(layout.scales, offsets[g], b);
                        for r in 0..COUNT {
                            sums[g][r] = mul_add(offset, splat_float(shares[r]), sums[g][r]);
                        }
                    }
                }
            }
            sums
        }

        /// Sums of a block of `COUNT` rows and a group.
        $(#[$features])*
        #[inline]
        fn block<const COUNT: usize, const PACKED: bool>(
            values: &[[u8; 64]],
            packets: &[[i32; COUNT]],
            starts: &[i32; COUNT],
        ) -> [Ints; COUNT] {
            let mut ints = [splat(0); COUNT];
            for r in 0..COUNT {
                ints[r] = begin(starts[r]);
            }
            let each = if PACKED { 2 * SPLIT } else { SPLIT };
            for (value, packets) in values.iter().zip(packets.chunks_exact(each)) {
                let value = load(value);
                if PACKED {
                    let [low, high] = nibbles(value);
                    ints = step(ints, split(low), packets);
                    ints = step(ints, split(high), &packets[SPLIT..]);
                } else {
                    ints = step(ints, split(value), packets);
                }
            }
            for r in 0..COUNT {
                ints[r] = end(ints[r], starts[r]);
            }
            ints
        }

        /// The scales, or offsets, of a block.
        $(#[$features])*
        #[inline]
        fn scales_of(rest: ScaleType, bytes: &[u8], block: usize) -> Floats {
            match rest {
                ScaleType::F16 => halves(&bytes.as_chunks().0[block]),
                ScaleType::F32 => floats(&bytemuck::cast(bytes.as_chunks::<64>().0[block])),
            }
        }
    };
}

pub(super) use streaming;
