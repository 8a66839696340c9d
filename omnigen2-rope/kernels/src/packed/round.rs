//! How activations are rounded, as a macro for the same reason as the [kernels](super::kernel).
//!
//! A module that uses it has, beside what kernels need:
//! - `most_of`, `largest`: the larger bits of two vectors, the one without its signs; the largest of a vector of such
//! - `integers`: numbers times a factor, rounded to nearest, ties to even
//! - `add_ints`, `total`, `low_bytes`, `store_ints`

/// Numbers of a row that are rounded before those of the next row: memory likes runs, and the first cache short ones.
pub(super) const RUN: usize = 512;

macro_rules! rounding {
    ($(#[$features:meta])*) => {
        $(#[$features])*
        fn quantise<const BLOCK: usize, const VECTORS: usize>(task: Quantise<'_>) {
            let Quantise { tile, rows: Rows { x, input, begin }, order } = task;
            let width = tile.width;
            let shift = order.bias - i32::from(order.layout.zero());
            let (run, each) = (RUN / BLOCK, BLOCK / 4 * SPLIT * width);
            for (first, packets) in tile.packets.chunks_mut(run * each).enumerate() {
                for (r, row) in x.chunks_exact(input).enumerate() {
                    for (b, packets) in packets.chunks_exact_mut(each).enumerate() {
                        let (b, packets) = (first * run + b, &mut packets[r..]);
                        let (scale, integers) = round_some::<BLOCK, VECTORS>(row, b * BLOCK, begin);
                        let mut sum = integers[0];
                        for v in 1..VECTORS {
                            sum = add_ints(sum, integers[v]);
                        }
                        let (sum, at) = (total(sum), b * width + r);
                        tile.scales[at] = scale;
                        tile.starts[at] = shift * sum;
                        tile.sums[at] = scale * sum as f32;
                        for v in 0..VECTORS {
                            put_packets(integers[v], &mut packets[v * 4 * SPLIT * width..], width);
                        }
                    }
                }
            }
        }

        /// Rounds the block at `from` of a row that stands behind `begin` zeros; what else it lacks is zeros too.
        $(#[$features])*
        #[inline]
        fn round_some<const BLOCK: usize, const VECTORS: usize>(
            row: &[f32],
            from: usize,
            begin: usize,
        ) -> (f32, [Ints; VECTORS]) {
            let at = from.saturating_sub(begin).min(row.len());
            let zeros = begin.saturating_sub(from);
            let row = &row[at..];
            if zeros == 0 && row.len() >= BLOCK {
                return round(&row[..BLOCK]);
            }
            let (mut filled, count) = ([0.0; BLOCK], row.len().min(BLOCK - zeros));
            filled[zeros..zeros + count].copy_from_slice(&row[..count]);
            round(&filled)
        }

        /// Gives the scale too: not a number if a number is none or infinite, and the integers are zeros then.
        $(#[$features])*
        #[inline]
        fn round<const VECTORS: usize>(numbers: &[f32]) -> (f32, [Ints; VECTORS]) {
            let (vectors, mut most) = (numbers.as_chunks::<16>().0, splat(0));
            for v in 0..VECTORS {
                most = most_of(most, floats(&vectors[v]));
            }
            let (scale, inverse) = scale_of(largest(most));
            let mut out = [splat(0); VECTORS];
            if inverse > 0.0 {
                for v in 0..VECTORS {
                    out[v] = integers(floats(&vectors[v]), inverse);
                }
            }
            (scale, out)
        }

        /// Puts integers into every `width`th packet.
        $(#[$features])*
        #[inline]
        fn put_packets(integers: Ints, packets: &mut [i32], width: usize) {
            if SPLIT == 1 {
                for (p, four) in low_bytes(integers).into_iter().enumerate() {
                    packets[p * width] = four;
                }
            } else {
                let mut numbers = [0; 16];
                store_ints(integers, &mut numbers);
                for (p, &[i, j, k, l]) in numbers.as_chunks::<4>().0.iter().enumerate() {
                    packets[2 * p * width] = (i & 0xffff) | (k << 16);
                    packets[(2 * p + 1) * width] = (j & 0xffff) | (l << 16);
                }
            }
        }
    };
}

pub(super) use rounding;
