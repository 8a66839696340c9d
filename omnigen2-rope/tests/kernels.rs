//! Every operation that has a kernel of its own gives what the plain operations give, which F64 takes.

use burn::prelude::*;
use burn::tensor::{DType, Distribution};
use omnigen2_rope::ops::{RmsNorm, project, silu_gate};
use omnigen2_rope::{AttentionMask, Frequencies, Position, attend};

/// F32 sums of numbers of size 1, added in another order.
const TOLERANCE: f32 = 2e-5;

fn random<const D: usize>(dims: [usize; D]) -> Tensor<D> {
    Tensor::random(dims, Distribution::Normal(0.0, 1.0), &Device::flex())
}

fn exact<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    x.clone().cast(DType::F64)
}

#[track_caller]
fn assert_close<const D: usize>(ours: Tensor<D>, plain: Tensor<D>, scale: f32, what: &str) {
    assert_eq!((ours.dims(), ours.dtype()), (plain.dims(), DType::F32), "{what}");
    let delta = (ours.cast(DType::F64) - plain).abs().max().into_scalar::<f64>() as f32;
    assert!(delta <= TOLERANCE * scale, "{what}: differs by {delta}");
}

#[test]
fn products() {
    for dtype in [DType::F32, DType::BF16, DType::F16] {
        for [rows, input, output] in [
            [1, 7, 3],
            [1, 257, 130],
            [2, 40, 9],
            [3, 64, 64],
            [5, 31, 17],
            [7, 300, 200],
            [16, 24, 5],
            [17, 24, 5],
            [20, 520, 129],
            [61, 33, 270],
            [130, 1024, 300],
        ] {
            let (x, weight) = (random([rows, input]), random([output, input]).cast(dtype));
            let plain = project(exact(&x), exact(&weight));
            let scale = (input as f32).sqrt();
            assert_close(project(x, weight), plain, scale, &format!("{dtype:?} {rows} {input} {output}"));
        }
    }
}

#[test]
fn products_of_views() {
    let x = random([40, 30]).swap_dims(0, 1).narrow(0, 3, 20);
    let weight = random([60, 40]).cast(DType::BF16).narrow(0, 7, 33);
    let plain = project(exact(&x), exact(&weight));
    assert_close(project(x, weight), plain, 7.0, "views");
}

#[test]
fn gates() {
    for dims in [[1, 1, 1], [2, 3, 37], [1, 300, 700]] {
        let (gate, up) = (random(dims) * 20.0, random(dims));
        let plain = silu_gate(exact(&gate), exact(&up));
        assert_close(silu_gate(gate.clone(), up.clone()), plain.clone(), 40.0, "shared");
        assert_close(silu_gate(gate + 0.0, up), plain, 40.0, "in place");
    }
}

#[test]
fn gates_of_extremes() {
    let device = Device::flex();
    let numbers = [-1e30, -200.0, -0.0, 0.0, 200.0, 1e30, f32::NAN, f32::NEG_INFINITY];
    let gate = Tensor::<1>::from_floats(numbers, &device).repeat(&[8]);
    let gated = silu_gate(gate, Tensor::ones([64], &device)).into_data().try_into_vec::<f32>().unwrap();
    assert_eq!(gated[..6], [0.0, 0.0, 0.0, 0.0, 200.0, 1e30]);
    assert!(gated[6].is_nan());
}

#[test]
fn norms() {
    for dims in [[1, 1, 1], [2, 5, 37], [2, 64, 300]] {
        let norm = RmsNorm::new(dims[2], 1e-5, &Device::flex());
        let norm = RmsNorm { weight: norm.weight.map(|weight| weight * 0.5), ..norm };
        let (x, scale) = (random(dims) + 1.0, random([dims[0], 1, dims[2]]));
        assert_close(norm.forward(x.clone()), norm.forward(exact(&x)), 1.0, "norm");
        let of_each = norm.forward_scaled(exact(&x), scale.clone());
        let one = scale.clone().narrow(0, 0, 1);
        let of_all = norm.forward_scaled(exact(&x), one.clone());
        assert_close(norm.forward_scaled(x.clone(), scale), of_each, 3.0, "a scale for each");
        assert_close(norm.forward_scaled(x, one), of_all, 3.0, "one scale for all");
    }
}

#[test]
fn rotations() {
    let device = Device::flex();
    let places: Vec<Position> = (0..150).map(|i| Position([i, i % 7, i % 5])).collect();
    for frequencies in [Frequencies::omni(1e4, [4, 2, 6]), Frequencies::mrope(1e4, [3, 2, 1])] {
        for rotation in
            [frequencies.rotation(&places, &device), frequencies.rotations(&[&places, &places[..]], &device)]
        {
            let x = random([2, 150, 3, frequencies.head_dim()]).swap_dims(1, 2);
            let plain = rotation.apply(exact(&x));
            assert_close(rotation.apply(x), plain, 1.0, "rotation");
        }
    }
}

/// Heads, shared heads, and numbers of a head.
const HEADS: [[usize; 3]; 5] = [[6, 2, 8], [3, 1, 120], [2, 2, 37], [4, 4, 80], [1, 1, 3]];

struct Inputs {
    queries: Tensor<4>,
    keys: Tensor<4>,
    values: Tensor<4>,
}

impl Inputs {
    /// Of two images, the keys and values a part of a longer cache.
    fn new([heads, kv_heads, head_dim]: [usize; 3], count: usize, seq: usize) -> Self {
        let cache = || random([2, kv_heads, seq + 9, head_dim]).narrow(2, 4, seq);
        Self { queries: random([2, count, heads, head_dim]).swap_dims(1, 2), keys: cache(), values: cache() }
    }

    fn attend(&self, mask: &AttentionMask) -> Tensor<4> {
        attend(self.queries.clone(), self.keys.clone(), self.values.clone(), mask)
    }

    fn exact(&self) -> Self {
        Self { queries: exact(&self.queries), keys: exact(&self.keys), values: exact(&self.values) }
    }
}

#[test]
fn attention() {
    for heads in HEADS {
        for (count, seq) in [(1, 1), (1, 33), (1, 600), (2, 5), (16, 16), (97, 130), (200, 300)] {
            let inputs = Inputs::new(heads, count, seq);
            for mask in [AttentionMask::None, AttentionMask::Causal] {
                let plain = inputs.exact().attend(&mask);
                let what = format!("{heads:?} {count} {seq} {mask:?}");
                assert_close(inputs.attend(&mask), plain, 1.0, &what);
            }
        }
    }
}

#[test]
fn masked_attention() {
    for heads in HEADS {
        for (count, seq) in [(1, 40), (5, 5), (120, 300)] {
            let inputs = Inputs::new(heads, count, seq);
            for batch in [1, 2] {
                let hidden = Tensor::<4>::random(
                    [batch, 1, count, seq],
                    Distribution::Uniform(0.0, 1.0),
                    &Device::flex(),
                );
                // The first key stays visible, or there would be nothing to compare.
                let first = Tensor::<4>::zeros([batch, 1, count, 1], &Device::flex());
                let hidden = hidden.slice_assign(s![.., .., .., 0..1], first).greater_elem(0.6);
                let mask = AttentionMask::Hidden(hidden);
                let plain = inputs.exact().attend(&mask);
                assert_close(inputs.attend(&mask), plain, 1.0, &format!("{heads:?} {count} {seq} {batch}"));
            }
        }
    }
}

#[test]
fn nan_is_not_lost() {
    for count in [1, 20] {
        let inputs = Inputs::new([2, 1, 8], count, 20);
        let keys = inputs.keys.clone().slice_fill(s![.., .., 3..4, ..], f32::NAN);
        let attended = Inputs { keys, ..inputs }.attend(&AttentionMask::None);
        assert!(attended.is_nan().all().into_scalar::<bool>(), "{count} queries");
    }
}
