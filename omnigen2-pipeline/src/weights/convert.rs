//! Numbers from one type to another, on every core.

use std::ops::Range;
use std::thread;

use burn::tensor::{AllocationProperty, Bytes, bf16, f16};
use memmap2::MmapMut;

/// Numbers that a core converts before it lets their source go, and that are worth a thread.
const BLOCK: usize = 1 << 20;
/// Numbers that are widened, narrowed and looked at together: they stay in a core's first cache.
const GROUP: usize = 1 << 10;
/// Bytes that are asked of the system itself, to which they return as soon as they are let go; allocators keep them.
const LARGE: usize = 1 << 20;

/// A type of numbers in files and at rest.
pub(super) trait Number {
    const SIZE: usize;

    /// The values of little-endian bytes.
    fn widen(bytes: &[u8], values: &mut [f32]);
    /// Each to the nearest, of two to the even one, in the machine's order of bytes; whether any is infinite then.
    fn narrow(values: &[f32], bytes: &mut [u8]) -> bool;
    /// So many zeros.
    fn zeros(count: usize) -> Bytes;
}

macro_rules! number {
    ($number:ty, $bits:ty, $widen:expr, $narrow:expr) => {
        impl Number for $number {
            const SIZE: usize = size_of::<$bits>();

            fn widen(bytes: &[u8], values: &mut [f32]) {
                for (value, bytes) in values.iter_mut().zip(bytes.as_chunks().0) {
                    *value = $widen(<$number>::from_le_bytes(*bytes));
                }
            }

            fn narrow(values: &[f32], bytes: &mut [u8]) -> bool {
                let mut infinite = false;
                for (value, bytes) in values.iter().zip(bytes.as_chunks_mut().0) {
                    let bits: $bits = $narrow(*value);
                    infinite |= <$number>::from_bits(bits).is_infinite();
                    *bytes = bits.to_ne_bytes();
                }
                infinite
            }

            fn zeros(count: usize) -> Bytes {
                let zero: $bits = 0;
                Bytes::from_elems(vec![zero; count])
            }
        }
    };
}

number!(f32, u32, |x| x, f32::to_bits);
number!(f16, u16, f16::to_f32, |x| f16::from_f32(x).to_bits());
number!(bf16, u16, bf16::to_f32, bf16_bits);

/// Without a branch, so that many are rounded at once.
fn bf16_bits(value: f32) -> u16 {
    let bits = value.to_bits();
    let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
    // A NaN stays one, quietly.
    (if value.is_nan() { (bits >> 16) | 0x40 } else { rounded }) as u16
}

/// Numbers of the type `S` as ones of the type `T`, or the first finite one that `T` cannot hold. Of each stretch of
/// the source, `done` is told when it has been read.
pub(super) fn convert<S: Number, T: Number>(
    source: &[u8],
    done: impl Fn(Range<usize>) + Sync,
) -> Result<Bytes, f32> {
    let count = source.len() / S::SIZE;
    let size = count * T::SIZE;
    if let Some(mut room) = (size >= LARGE).then(|| MmapMut::map_anon(size).ok()).flatten() {
        fill::<S, T>(source, &mut room, done)?;
        let room = bytes::Bytes::from_owner(room);
        return Ok(Bytes::from_shared(room, AllocationProperty::Other));
    }
    let mut room = T::zeros(count);
    fill::<S, T>(source, &mut room, done)?;
    Ok(room)
}

fn fill<S: Number, T: Number>(
    source: &[u8],
    room: &mut [u8],
    done: impl Fn(Range<usize>) + Sync,
) -> Result<(), f32> {
    let count = source.len() / S::SIZE;
    let cores = thread::available_parallelism().map_or(1, usize::from).min(count.div_ceil(BLOCK)).max(1);
    let share = count.div_ceil(cores).max(1);
    let mut overflows = vec![None; cores];
    let stripes = source.chunks(share * S::SIZE).zip(room.chunks_mut(share * T::SIZE)).zip(&mut overflows);
    let stripes = stripes.zip((0..).step_by(share * S::SIZE));
    let stripes = stripes.map(|(((from, to), overflow), start)| Stripe { start, from, to, overflow });
    let work = |Stripe { start, from, to, overflow }: Stripe<'_>| {
        *overflow = convert_stripe::<S, T>(from, to, |read| done(start + read.start..start + read.end));
    };
    match cores {
        1 => stripes.for_each(work),
        _ => thread::scope(|scope| {
            for stripe in stripes {
                scope.spawn(|| work(stripe));
            }
        }),
    }
    overflows.into_iter().flatten().next().map_or(Ok(()), Err)
}

/// What one core converts.
struct Stripe<'a> {
    /// Where it begins in the whole source.
    start: usize,
    from: &'a [u8],
    to: &'a mut [u8],
    overflow: &'a mut Option<f32>,
}

/// The first finite number that became infinite.
fn convert_stripe<S: Number, T: Number>(
    from: &[u8],
    to: &mut [u8],
    done: impl Fn(Range<usize>),
) -> Option<f32> {
    let mut values = [0.0; GROUP];
    let blocks = from.chunks(BLOCK * S::SIZE).zip(to.chunks_mut(BLOCK * T::SIZE));
    for ((from, to), start) in blocks.zip((0..).step_by(BLOCK * S::SIZE)) {
        for (from, to) in from.chunks(GROUP * S::SIZE).zip(to.chunks_mut(GROUP * T::SIZE)) {
            let values = &mut values[..from.len() / S::SIZE];
            S::widen(from, values);
            if T::narrow(values, to) {
                let grows =
                    |value: &&f32| value.is_finite() && T::narrow(&[**value], &mut [0; size_of::<f32>()]);
                if let Some(&value) = values.iter().find(grows) {
                    return Some(value);
                }
            }
        }
        done(start..start + from.len());
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn bytes(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn bf16_is_the_nearest_and_of_two_the_even_one() {
        let halves = (0..1u32 << 16)
            .flat_map(|high| [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff].map(|low| high << 16 | low));
        for bits in halves {
            let value = f32::from_bits(bits);
            assert_eq!(bf16_bits(value), bf16::from_f32(value).to_bits(), "{bits:#x}");
        }
    }

    #[test]
    fn every_core_converts_its_share_and_says_what_it_read() {
        let values: Vec<f32> = (0..2 * BLOCK + 4321).map(|i| (i as f32).sin() * 100.0).collect();
        let read = Mutex::new(Vec::new());
        let source = bytes(&values);
        let found = convert::<f32, bf16>(&source, |range| read.lock().unwrap().push(range)).unwrap();
        let expected: Vec<u8> = values.iter().flat_map(|&v| bf16::from_f32(v).to_ne_bytes()).collect();
        assert!(*found == expected);
        let mut read = read.into_inner().unwrap();
        read.sort_by_key(|range| range.start);
        assert!(read.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!((read[0].start, read.last().unwrap().end), (0, source.len()));
    }

    #[test]
    fn the_first_number_that_does_not_fit_is_told() {
        let mut values = vec![1.0; BLOCK + 77];
        values[BLOCK + 3] = 70_000.0;
        values[BLOCK + 9] = 80_000.0;
        values[4] = f32::INFINITY;
        assert_eq!(convert::<f32, f16>(&bytes(&values), |_| ()).unwrap_err(), 70_000.0);
        assert!(convert::<f32, bf16>(&bytes(&values), |_| ()).is_ok());
        assert!(convert::<f32, bf16>(&[], |_| ()).unwrap().is_empty());
        let few = convert::<f32, f32>(&bytes(&values[..7]), |_| ()).unwrap();
        assert_eq!(few.len(), 28);
    }
}
