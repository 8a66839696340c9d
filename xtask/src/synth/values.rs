use half::bf16;
use safetensors::Dtype;

/// Threads that fill a tensor.
const THREADS: usize = 4;

/// The type of the numbers in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Precision {
    F32,
    Bf16,
}

impl Precision {
    pub(super) fn dtype(self) -> Dtype {
        match self {
            Self::F32 => Dtype::F32,
            Self::Bf16 => Dtype::BF16,
        }
    }

    pub(super) fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 => 2,
        }
    }

    fn write(self, value: f32, to: &mut [u8]) {
        match self {
            Self::F32 => to.copy_from_slice(&value.to_le_bytes()),
            Self::Bf16 => to.copy_from_slice(&bf16::from_f32(value).to_le_bytes()),
        }
    }
}

/// The numbers of a tensor, each a function of the tensor's name and its own index alone: any program can make
/// them, and any part of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values {
    hash: u64,
    scale: Scale,
}

/// How a number in [−1, 1) becomes a weight.
#[derive(Clone, Copy, Debug)]
enum Scale {
    /// Of a normalisation.
    AroundOne,
    Bias,
    /// Of variance `1 / fan-in`.
    Weight(f32),
}

impl Values {
    pub(super) fn new(name: &str, shape: &[usize]) -> Self {
        let scale = match shape {
            [] | [_] if name.ends_with("weight") => Scale::AroundOne,
            [] | [_] => Scale::Bias,
            [_, inner @ ..] => Scale::Weight((3.0 / inner.iter().product::<usize>() as f64).sqrt() as f32),
        };
        Self { hash: fnv_1a(name), scale }
    }

    pub(super) fn get(self, index: u64) -> f32 {
        let random = splitmix(self.hash.wrapping_add(index)) >> 40;
        let unit = 2.0 * (random as f32 / (1 << 24) as f32) - 1.0;
        match self.scale {
            Scale::AroundOne => 1.0 + 0.1 * unit,
            Scale::Bias => 0.02 * unit,
            Scale::Weight(factor) => unit * factor,
        }
    }

    /// The first `count` numbers as they stand in a file.
    pub(super) fn bytes(self, count: usize, precision: Precision) -> Vec<u8> {
        let size = precision.size();
        let mut bytes = vec![0; count * size];
        let part = count.div_ceil(THREADS).max(1);
        std::thread::scope(|scope| {
            for (index, bytes) in bytes.chunks_mut(part * size).enumerate() {
                scope.spawn(move || {
                    let start = (index * part) as u64;
                    (start..)
                        .zip(bytes.chunks_mut(size))
                        .for_each(|(i, to)| precision.write(self.get(i), to));
                });
            }
        });
        bytes
    }
}

fn fnv_1a(text: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}

fn splitmix(state: u64) -> u64 {
    let mut x = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use safetensors::SafeTensors;

    use super::*;

    #[test]
    fn the_first_numbers_are_known() {
        let values = Values::new("x_embedder.weight", &[4, 4]);
        let first: Vec<f32> = (0..4).map(|i| values.get(i)).collect();
        assert_eq!(first, [-0.747_704_74, 0.449_213_36, 0.501_976_4, -0.540_716_1]);
    }

    #[test]
    fn the_test_checkpoint_holds_these_numbers() {
        let root =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../omnigen2-pipeline/tests/fixtures/tiny-checkpoint");
        let mut tensors = 0;
        for part in ["transformer", "mllm", "vae"] {
            for file in fs::read_dir(format!("{root}/{part}")).unwrap() {
                let path = file.unwrap().path();
                if path.extension().is_none_or(|extension| extension != "safetensors") {
                    continue;
                }
                let bytes = fs::read(path).unwrap();
                for (name, view) in SafeTensors::deserialize(&bytes).unwrap().iter() {
                    assert_eq!(view.dtype(), Dtype::F32);
                    let count = view.shape().iter().product();
                    let expected = Values::new(name, view.shape()).bytes(count, Precision::F32);
                    assert!(view.data() == expected, "{name}");
                    tensors += 1;
                }
            }
        }
        assert!(tensors > 300, "{tensors}");
    }

    #[test]
    fn bf16_is_rounded_to_the_nearest() {
        let values = Values::new("a.weight", &[3, 5]);
        let expected: Vec<u8> = (0..15).flat_map(|i| bf16::from_f32(values.get(i)).to_le_bytes()).collect();
        assert_eq!(values.bytes(15, Precision::Bf16), expected);
        assert!(values.bytes(0, Precision::F32).is_empty());
    }
}
