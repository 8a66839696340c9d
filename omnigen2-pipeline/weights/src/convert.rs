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
pub(crate) trait Number {
    const SIZE: usize;

    /// The values of little-endian bytes.
    fn widen(bytes: &[u8], values: &mut [f32]);
    /// Rounds each to the nearest, of two to the even one, in the machine's order of bytes; tells whether any is
    /// infinite then.
    fn narrow(values: &[f32], bytes: &mut [u8]) -> bool;
    /// Returns so many zeros.
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
pub(crate) fn convert<S: Number, T: Number>(
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

/// Numbers of 64 bits as ones of the type `T`, each to the nearest, or the first finite one that `T` cannot hold.
pub(crate) fn narrow<T: Number>(source: &[u8]) -> Result<Bytes, f64> {
    let count = source.len() / size_of::<f64>();
    let mut room = T::zeros(count);
    let mut values = [0.0; GROUP];
    let groups = source.chunks(GROUP * size_of::<f64>()).zip(room.chunks_mut(GROUP * T::SIZE));
    for (from, to) in groups {
        let numbers = || from.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes));
        // To a narrower type than F32 a number is rounded once, not twice.
        let round = if T::SIZE < size_of::<f32>() { to_odd } else { |number: f64| number as f32 };
        for (value, number) in values.iter_mut().zip(numbers()) {
            *value = round(number);
        }
        let values = &values[..from.len() / size_of::<f64>()];
        if T::narrow(values, to) {
            let grows = |value: f32| T::narrow(&[value], &mut [0; size_of::<f32>()]);
            let mut pairs = numbers().zip(values);
            if let Some((number, _)) = pairs.find(|&(number, &value)| number.is_finite() && grows(value)) {
                return Err(number);
            }
        }
    }
    Ok(room)
}

/// The nearest number of 32 bits, or of two neighbours the one whose last bit is 1: it is on the same side of all that
/// fewer bits can say, so that to round it is to round the number itself.
fn to_odd(number: f64) -> f32 {
    let nearest = number as f32;
    let back = f64::from(nearest);
    if number.is_nan() || back == number {
        return nearest;
    }
    let towards_zero = if back.abs() > number.abs() { nearest.to_bits() - 1 } else { nearest.to_bits() };
    f32::from_bits(towards_zero | 1)
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

/// The share of one core.
struct Stripe<'a> {
    /// The place in the whole source where the share begins.
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
    fn numbers_of_64_bits_are_rounded_once() {
        let bytes = |values: &[f64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let half = f64::powi(2.0, -8); // of the last bit of a BF16 at 1
        let values =
            [1.0 + half + 1e-15, 1.0 + half - 1e-15, 1.0 + half, 1e-300, -0.0, f64::INFINITY, f64::NAN];
        let found = narrow::<bf16>(&bytes(&values)).unwrap();
        let found: Vec<f32> = found.as_chunks().0.iter().map(|&b| bf16::from_ne_bytes(b).to_f32()).collect();
        assert_eq!(found[..6], [1.0 + 2.0 * half as f32, 1.0, 1.0, 0.0, 0.0, f32::INFINITY]);
        assert!(found[6].is_nan());
        assert_eq!(narrow::<f16>(&bytes(&[1.0, 65_519.9])).unwrap().len(), 4);
        assert_eq!(narrow::<f16>(&bytes(&[1.0, 65_520.0])).unwrap_err(), 65_520.0);
        assert_eq!(narrow::<f32>(&bytes(&[f64::INFINITY, 1e39])).unwrap_err(), 1e39);
        assert_eq!(narrow::<bf16>(&bytes(&[1e300])).unwrap_err(), 1e300);
        assert_eq!(*narrow::<f32>(&bytes(&[0.1])).unwrap(), 0.1_f32.to_ne_bytes());
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
