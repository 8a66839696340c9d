use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_kernels::{self as kernels, recorded};

use crate::Position;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pairing {
    Adjacent,
    Halves,
}

#[derive(Clone, Copy, Debug)]
struct Angle {
    axis: usize,
    frequency: f64,
}

/// The axis that turns each pair of a head's channels, and how fast.
///
/// ```
/// use burn::prelude::*;
/// use omnigen2_rope::{Frequencies, Position};
///
/// let device = Device::flex();
/// let frequencies = Frequencies::omni(10_000.0, [4, 2, 2]);
/// let rotation = frequencies.rotation(&[Position::diagonal(0), Position([1, 0, 0])], &device);
/// let x = Tensor::<4>::ones([1, 1, 2, 8], &device);
/// let y: Vec<f32> = rotation.apply(x).into_data().try_into_vec().unwrap();
/// assert_eq!(y[..8], [1.0; 8]); // place 0 turns nothing
/// assert!((y[8] - (1f32.cos() - 1f32.sin())).abs() < 1e-6);
/// ```
#[derive(Clone, Debug)]
pub struct Frequencies {
    angles: Vec<Angle>,
    pairing: Pairing,
}

impl Frequencies {
    /// Omni-RoPE of the diffusion transformer: axis `a` turns `dims[a]` channels, channels `2i` and `2i + 1`
    /// together.
    pub fn omni(theta: f64, dims: [usize; 3]) -> Self {
        let angles = dims.iter().enumerate().flat_map(|(axis, &dim)| spectrum(theta, dim, axis)).collect();
        Self { angles, pairing: Pairing::Adjacent }
    }

    /// M-RoPE of the language model: one spectrum over the head, the first `sections[0]` angles turned by the
    /// first axis and so on; channel `i` is paired with channel `i + head_dim / 2`.
    pub fn mrope(theta: f64, sections: [usize; 3]) -> Self {
        let axes = sections.iter().enumerate().flat_map(|(axis, &n)| std::iter::repeat_n(axis, n));
        let angles = spectrum(theta, 2 * sections.iter().sum::<usize>(), 0)
            .zip(axes)
            .map(|(angle, axis)| Angle { axis, ..angle })
            .collect();
        Self { angles, pairing: Pairing::Halves }
    }

    /// The ViT's rotation: half of the angles turned by the row, then half by the column, with the same
    /// spectrum; channel `i` is paired with channel `i + head_dim / 2`.
    pub fn vision(theta: f64, head_dim: usize) -> Self {
        let angles = [1, 2].into_iter().flat_map(|axis| spectrum(theta, head_dim / 2, axis)).collect();
        Self { angles, pairing: Pairing::Halves }
    }

    /// Returns the number of a head's channels that are turned: two for each angle.
    pub fn head_dim(&self) -> usize {
        2 * self.angles.len()
    }

    /// The rotation of a sequence whose tokens stand at `positions`. Angles are computed in `f64`, their
    /// cosines and sines kept in F32.
    pub fn rotation(&self, positions: &[Position], device: &Device) -> Rotation {
        self.rotations(&[positions], device)
    }

    /// The rotation of a batch of sequences, each with positions of its own.
    ///
    /// # Panics
    /// If the sequences have different lengths.
    pub fn rotations(&self, batch: &[&[Position]], device: &Device) -> Rotation {
        let seq = batch.first().map_or(0, |positions| positions.len());
        assert!(batch.iter().all(|positions| positions.len() == seq), "sequences of different lengths");
        let shape = [batch.len(), seq, self.angles.len()];
        let positions = || batch.iter().copied().flatten();
        let table = |f: fn(f64) -> f64| {
            let values: Vec<f32> = positions()
                .flat_map(|Position(place)| {
                    self.angles.iter().map(move |a| f(place[a.axis] as f64 * a.frequency) as f32)
                })
                .collect();
            Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
        };
        Rotation { cos: table(f64::cos), sin: table(f64::sin), pairing: self.pairing }
    }
}

fn spectrum(theta: f64, dim: usize, axis: usize) -> impl Iterator<Item = Angle> {
    (0..dim / 2).map(move |i| Angle { axis, frequency: theta.powf(-2.0 * i as f64 / dim as f64) })
}

/// The rotation of every token of a sequence, or of a batch of them, ready to apply to queries and keys.
#[derive(Clone, Debug)]
pub struct Rotation {
    cos: Tensor<3>,
    sin: Tensor<3>,
    pairing: Pairing,
}

impl Rotation {
    /// The cosines, `[sequences, seq, head_dim / 2]`.
    pub fn cos(&self) -> Tensor<3> {
        self.cos.clone()
    }

    /// The sines, `[sequences, seq, head_dim / 2]`.
    pub fn sin(&self) -> Tensor<3> {
        self.sin.clone()
    }

    /// Turns queries or keys. The arithmetic is in F32; the result has the type of `x`.
    ///
    /// # Shapes
    /// - x: `[batch, heads, seq, head_dim]`
    /// - output: the same
    ///
    /// # Panics
    /// If `seq` or `head_dim` is not the rotation's own, or it is that of several sequences and `batch` is
    /// another number.
    pub fn apply(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, _, seq, head_dim] = x.dims();
        let half = head_dim / 2;
        let [sequences, ..] = self.cos.dims();
        assert!(sequences == 1 || sequences == batch, "a rotation of {sequences} sequences meets {batch}");
        let expected = [sequences, seq, half];
        assert_eq!(self.cos.dims(), expected, "a rotation meets another [sequences, seq, head_dim / 2]");
        let (cos, sin) = (&self.cos, &self.sin);
        let turned = match self.pairing {
            Pairing::Halves => {
                recorded::rotate::<false>(&x, cos, sin).or_else(|| kernels::rotate::<false>(&x, cos, sin))
            }
            Pairing::Adjacent => {
                recorded::rotate::<true>(&x, cos, sin).or_else(|| kernels::rotate::<true>(&x, cos, sin))
            }
        };
        turned.unwrap_or_else(|| self.apply_plain(x))
    }

    fn apply_plain(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, heads, seq, head_dim] = x.dims();
        let [sequences, _, half] = self.cos.dims();
        let dtype = x.dtype();
        let x = x.cast(DType::F32);
        let cos = self.cos.clone();
        let sin = self.sin.clone();
        let turned = match self.pairing {
            Pairing::Halves => {
                let (cos, sin) = (cos.unsqueeze_dim::<4>(1), sin.unsqueeze_dim::<4>(1));
                let re = x.clone().narrow(3, 0, half);
                let im = x.narrow(3, half, half);
                Tensor::cat(turn(re, im, cos, sin), 3)
            }
            Pairing::Adjacent => {
                let x = x.reshape([batch, heads, seq, half, 2]);
                let table = |t: Tensor<3>| t.reshape([sequences, 1, seq, half, 1]);
                let re = x.clone().narrow(4, 0, 1);
                let im = x.narrow(4, 1, 1);
                Tensor::cat(turn(re, im, table(cos), table(sin)), 4).reshape([batch, heads, seq, head_dim])
            }
        };
        turned.cast(dtype)
    }
}

fn turn<const D: usize>(re: Tensor<D>, im: Tensor<D>, cos: Tensor<D>, sin: Tensor<D>) -> Vec<Tensor<D>> {
    vec![re.clone() * cos.clone() - im.clone() * sin.clone(), re * sin + im * cos]
}
