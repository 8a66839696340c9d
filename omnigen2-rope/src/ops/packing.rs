use burn::module::{Module, Param, ParamId, Reparameterization};
use burn::prelude::*;
use burn::tensor::{Bytes, DType, FloatDType};
use omnigen2_kernels::packed::{Bits, GROUP, Layout, PackedBytes, ScaleType};
use omnigen2_kernels::{PackedTensors, multiplies_packed, project_packed, unpack_packed};

use super::attach::attach;

/// A matrix of 8 or 4 bits a number, `[output, input]`: integers in blocks of one scale each.
///
/// It rests as CPU kernels read it, on whatever device. Kernels multiply it as it lies, with activations rounded to
/// 8 bits in blocks as long; elsewhere it is widened for each product alone, and activations are not rounded.
#[derive(Module, Debug)]
pub struct Packed {
    values: Tensor<1, Int>,
    scales: Tensor<1>,
    offsets: Option<Tensor<1>>,
    #[module(skip)]
    layout: Layout,
}

impl Packed {
    /// Puts packed bytes on a device.
    ///
    /// # Panics
    /// If there are more bytes of any kind than the layout has, or fewer.
    pub fn new(bytes: PackedBytes, device: &Device) -> Self {
        let PackedBytes { layout, values, scales, offsets } = bytes;
        assert_eq!(values.len(), layout.value_bytes(), "values of {layout:?}");
        assert_eq!(scales.len(), layout.scale_bytes(), "scales of {layout:?}");
        assert_eq!(offsets.len(), layout.offset_bytes(), "offsets of {layout:?}");
        let words = TensorData::from_bytes(values.into_bytes(), [layout.value_bytes() / 4], DType::I32);
        Self {
            values: device
                .memory_persistent_allocations(words, |words| Tensor::from_data(words, (device, DType::I32))),
            scales: scales_of(&layout, scales.into_bytes(), device),
            offsets: layout.has_offsets.then(|| scales_of(&layout, offsets.into_bytes(), device)),
            layout,
        }
    }

    /// Packs a matrix: each block gets the scale that loses least.
    pub fn quantise(matrix: Tensor<2>, bits: Bits) -> Self {
        let [output, input] = matrix.dims();
        let device = matrix.device();
        let numbers = matrix.cast(DType::F32).into_data();
        let bytes =
            PackedBytes::quantise(Layout::of(output, input, bits), numbers.as_slice().unwrap_or_default());
        Self::new(bytes, &device)
    }

    /// Returns whether a device multiplies packed matrices as they lie.
    pub fn is_fast_on(device: &Device) -> bool {
        multiplies_packed(device)
    }

    /// The form in which the integers lie.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// `x · weightᵀ`.
    ///
    /// # Shapes
    /// - x: `[.., input]`
    /// - output: `[.., output]`, of the type of `x`
    ///
    /// # Panics
    /// If the last axis of `x` is not `input`.
    pub fn project<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let (mut dims, [output, input]) = (x.dims(), self.shape());
        assert_eq!(dims[D - 1], input, "a weight of [{output}, {input}] meets channels of another number");
        let rows = dims[..D - 1].iter().product::<usize>();
        let x = x.reshape([rows, input]);
        let y = project_packed(&x, &self.tensors()).unwrap_or_else(|| {
            let weight = self.widened(x.dtype());
            x.matmul(weight.transpose())
        });
        dims[D - 1] = output;
        y.reshape(dims)
    }

    /// Rows of the matrix, in the type asked for.
    ///
    /// # Shapes
    /// - at: `[rows]`
    /// - output: `[rows, input]`
    pub fn rows(&self, at: Tensor<1, Int>, dtype: FloatDType) -> Tensor<2> {
        let dtype = dtype.into();
        if let Some(rows) = unpack_packed(&self.tensors(), Some(&at)) {
            return rows.cast(dtype);
        }
        if self.layout.runs_on {
            return self.widened(dtype).select(0, at);
        }
        let groups = at.clone().div_scalar(GROUP as i64);
        let lanes = at - groups.clone().mul_scalar(GROUP as i64);
        let [rows] = groups.dims();
        let (layout, input) = (self.layout.rows(rows * GROUP), self.layout.input);
        let select = |x: &Tensor<1>| {
            let [numbers] = x.dims();
            let groups_of = [self.layout.groups(), numbers / self.layout.groups()];
            x.clone().reshape(groups_of).select(0, groups.clone()).flatten(0, 1)
        };
        let [words] = self.values.dims();
        let values = self.values.clone().reshape([self.layout.groups(), words / self.layout.groups()]);
        let some = Self {
            values: values.select(0, groups.clone()).flatten(0, 1),
            scales: select(&self.scales),
            offsets: self.offsets.as_ref().map(select),
            layout,
        };
        let first = Tensor::arange(0..rows as i64, &lanes.device()).mul_scalar(GROUP as i64);
        some.widened(dtype).select(0, first + lanes).reshape([rows, input])
    }

    /// The matrix as floating-point numbers, `[output, input]`, in F32.
    pub fn val(&self) -> Tensor<2> {
        unpack_packed(&self.tensors(), None).unwrap_or_else(|| self.widened(DType::F32))
    }

    /// The dimensions, `[output, input]`.
    pub fn shape(&self) -> [usize; 2] {
        [self.layout.output, self.layout.input]
    }

    /// The device on which it rests.
    pub fn device(&self) -> Device {
        self.values.device()
    }

    /// A parameter that a [`Weight`](super::Weight) takes this matrix from, when a mapper gives it back. Its numbers
    /// are made when they are asked for, and not before.
    pub fn into_parameter<const D: usize>(self, id: ParamId) -> Param<Tensor<D>> {
        let parameter = self.lazy(id);
        attach(self, parameter)
    }

    /// A parameter of these numbers, made when they are asked for.
    pub(super) fn lazy<const D: usize>(&self, id: ParamId) -> Param<Tensor<D>> {
        let (packed, shape) = (self.clone(), Shape::from(self.shape()));
        let numbers = shape.clone();
        let init = move |device: &Device, _| packed.to_device(device).val().reshape(numbers);
        Param::uninitialized(id, init, self.device(), false, shape)
    }

    fn tensors(&self) -> PackedTensors<'_> {
        PackedTensors {
            layout: self.layout,
            values: &self.values,
            scales: &self.scales,
            offsets: self.offsets.as_ref(),
        }
    }

    /// The definition, in plain operations: `scale · (q − zero) + offset`.
    fn widened(&self, dtype: DType) -> Tensor<2> {
        let Layout { block, .. } = self.layout;
        let (groups, blocks) = (self.layout.groups(), self.layout.blocks());
        let bits = if self.layout.bits == Bits::Four { 4 } else { 8 };
        let parts = 8 / bits;
        let steps = block.count() / 4 / parts;
        let words = self.values.clone().reshape([groups, blocks, steps, GROUP]);
        let mask = (1 << bits) - 1;
        // Axes: groups, blocks, steps, outputs of a group, and the numbers of a step in the order of the summed axis.
        let mut numbers = Vec::with_capacity(4 * parts);
        for part in 0..parts {
            for byte in 0..4 {
                let shift = 8 * byte + bits * part;
                let q = words.clone().bitwise_right_shift_scalar(shift as i64).bitwise_and_scalar(mask);
                numbers.push(q.unsqueeze_dim::<5>(4));
            }
        }
        let q =
            Tensor::cat(numbers, 4).permute([0, 3, 1, 2, 4]).reshape([groups * GROUP, blocks, block.count()]);
        let q = q.float().cast(DType::F32) - f32::from(self.layout.zero());
        let scales = |x: &Tensor<1>| {
            let x = x.clone().cast(DType::F32).reshape([groups, blocks, GROUP]).swap_dims(1, 2);
            x.reshape([groups * GROUP, blocks, 1])
        };
        let mut weight = q * scales(&self.scales);
        if let Some(offsets) = &self.offsets {
            weight = weight + scales(offsets);
        }
        self.rows_in_order(weight.reshape([groups * GROUP, blocks * block.count()])).cast(dtype)
    }

    /// The matrix without what it was filled up with.
    fn rows_in_order(&self, filled: Tensor<2>) -> Tensor<2> {
        let Layout { output, input, .. } = self.layout;
        let phases = self.layout.phases();
        let each = self.layout.groups() / phases * GROUP;
        let phase = |phase: usize| {
            let begin = self.layout.begin(phase);
            let rows = filled.clone().slice([phase * each..(phase + 1) * each, begin..begin + input]);
            rows.unsqueeze_dim::<3>(1)
        };
        let rows = Tensor::cat((0..phases).map(phase).collect(), 1);
        rows.reshape([each * phases, input]).slice([0..output, 0..input])
    }
}

impl Reparameterization for Packed {
    const NAME: &'static str = "packed";

    /// The matrix itself: what it stands for has the same numbers.
    fn apply<const D: usize>(&self, base: Tensor<D>) -> Tensor<D> {
        base
    }
}

fn scales_of(layout: &Layout, bytes: Bytes, device: &Device) -> Tensor<1> {
    let dtype = match layout.scales {
        ScaleType::F16 => DType::F16,
        ScaleType::F32 => DType::F32,
    };
    let data = TensorData::from_bytes(bytes, [layout.groups() * layout.blocks() * GROUP], dtype);
    if device.supports_dtype(dtype) {
        device.memory_persistent_allocations(data, |data| Tensor::from_data(data, (device, dtype)))
    } else {
        Tensor::from_data(data.convert::<f32>(), (device, DType::F32))
    }
}
