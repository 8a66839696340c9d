use burn::backend::flex::{Flex, FlexTensor};
use burn::prelude::*;
use burn::tensor::{DType, f16};
use rayon::prelude::*;

use super::tensors::{self, Contiguous};
use crate::PackedTensors;
use crate::packed::{Instructions, Kernels, PackedWeight};

/// Returns whether [`project_packed`] multiplies on a device, with instructions that it has for bytes.
pub fn multiplies_packed(device: &Device) -> bool {
    tensors::is_plain(device) && Kernels::chosen_or_fastest().instructions() != Instructions::Portable
}

/// `x · weightᵀ` with integers: activations are rounded to 8 bits in blocks as long as the weight's.
///
/// Instructions that the environment names and this processor has not are an error of
/// [`Kernels::chosen`], which whoever loads weights asks; here the fastest stand in for them.
///
/// # Shapes
/// - x: `[rows, input]`
/// - output: `[rows, output]`
pub fn project_packed(x: &Tensor<2>, weight: &PackedTensors<'_>) -> Option<Tensor<2>> {
    let [rows, _] = x.dims();
    let x = Contiguous::of(x)?;
    let weight = Resting::of(weight)?;
    let kernels = Kernels::chosen_or_fastest();
    let numbers = kernels.project(x.slice(), rows, &weight.packed()?);
    Some(tensors::tensor(numbers, [rows, weight.tensors.layout.output]))
}

/// Rows of a packed weight as F32, or all.
///
/// # Shapes
/// - rows: `[rows]`
/// - output: `[rows, input]`
pub fn unpack_packed(weight: &PackedTensors<'_>, rows: Option<&Tensor<1, Int>>) -> Option<Tensor<2>> {
    let resting = Resting::of(weight)?;
    let packed = resting.packed()?;
    let layout = weight.layout;
    let rows: Vec<usize> = match rows {
        None => (0..layout.output).collect(),
        Some(rows) => rows.to_data().iter::<i64>().map(|row| row as usize).collect(),
    };
    let mut numbers = vec![0.0; rows.len() * layout.input];
    let parts = numbers.par_chunks_mut(layout.input.max(1));
    parts.zip(&rows).for_each(|(numbers, &row)| packed.unpack_row(row, numbers));
    Some(tensors::tensor(numbers, [rows.len(), layout.input]))
}

/// The tensors of a weight as flex holds them.
struct Resting<'a> {
    tensors: &'a PackedTensors<'a>,
    values: FlexTensor,
    scales: FlexTensor,
    offsets: Option<FlexTensor>,
}

impl<'a> Resting<'a> {
    fn of(weight: &'a PackedTensors<'a>) -> Option<Self> {
        let scales = tensors::read(weight.scales)?;
        Some(Self {
            tensors: weight,
            values: weight.values.clone().try_into_primitive::<Flex>().ok()?,
            scales,
            offsets: match weight.offsets {
                Some(offsets) => Some(tensors::read(offsets)?),
                None => None,
            },
        })
    }

    fn packed(&self) -> Option<PackedWeight<'_>> {
        let values = bytemuck::cast_slice(self.values.as_slice::<i32>()?);
        let offsets = self.offsets.as_ref().map_or(Some(&[][..]), bytes);
        PackedWeight::new(self.tensors.layout, values, bytes(&self.scales)?, offsets?)
    }
}

fn bytes(numbers: &FlexTensor) -> Option<&[u8]> {
    match numbers.dtype() {
        DType::F16 => Some(bytemuck::cast_slice(numbers.as_slice::<f16>()?)),
        DType::F32 => Some(bytemuck::cast_slice(numbers.as_slice::<f32>()?)),
        _ => None,
    }
}
