use burn::module::{Param, ParamId};
use burn::nn::Initializer;
use burn::prelude::*;
use burn::tensor::FloatDType;

use super::{Bf16Products, LowRank, Packed, project, project_rounded};

/// A matrix of a network, `[output, input]`, which knows how it rests. To visitors of modules it is the parameter
/// itself, under the name of the field that holds it, as floating-point numbers that are made when they are asked for.
/// A mapper that gives back a [packed parameter](Packed::into_parameter) has it rest packed from then on, and
/// [`Bf16Products`] put on it have activations rounded for it. A [`LowRank`] that is put on it stands beside it, however
/// it rests.
///
/// ```
/// use burn::prelude::*;
/// use burn::tensor::FloatDType;
/// use omnigen2_rope::ops::Weight;
///
/// let device = Device::flex();
/// let weight = Weight::from(Tensor::<2>::from_floats([[1.0, 2.0], [3.0, 4.0]], &device));
/// let rows = weight.rows(Tensor::from_ints([1, 1], &device), FloatDType::F32);
/// assert_eq!(rows.into_data().try_into_vec::<f32>().unwrap(), [3.0, 4.0, 3.0, 4.0]);
/// let x = Tensor::<2>::from_floats([[10.0, 1.0]], &device);
/// assert_eq!(weight.project(x).into_data().try_into_vec::<f32>().unwrap(), [12.0, 34.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Weight {
    pub(super) rest: Rest,
    pub(super) is_rounding: bool,
}

/// How a weight rests.
#[derive(Clone, Debug)]
pub(super) enum Rest {
    /// In F32, F16 or BF16, as checkpoints have it.
    Float(Param<Tensor<2>>),
    /// As narrow integers in blocks.
    Packed(Box<PackedRest>),
}

#[derive(Clone, Debug)]
pub(super) struct PackedRest {
    pub(super) id: ParamId,
    pub(super) packed: Packed,
    pub(super) low_rank: Option<LowRank>,
}

impl Weight {
    /// A matrix of random numbers, fit for its number of inputs, once they are asked for.
    pub fn uniform(input: usize, output: usize, device: &Device) -> Self {
        let bound = (input.max(1) as f64).powf(-0.5);
        let uniform = Initializer::Uniform { min: -bound, max: bound };
        uniform.init_with([output, input], Some(input), Some(output), device).into()
    }

    /// `x · weightᵀ`, with what a [`LowRank`] beside the weight adds.
    ///
    /// # Shapes
    /// - x: `[.., input]`
    /// - output: `[.., output]`, of the type of `x`
    ///
    /// # Panics
    /// If the last axis is not `input`.
    pub fn project<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        match &self.rest {
            Rest::Float(weight) => match weight.reparameterization::<LowRank>() {
                Some(low_rank) => self.multiply(x.clone(), weight.base()) + low_rank.forward(x),
                None => self.multiply(x, weight.val()),
            },
            Rest::Packed(rest) => match &rest.low_rank {
                Some(low_rank) => rest.packed.project(x.clone()) + low_rank.forward(x),
                None => rest.packed.project(x),
            },
        }
    }

    fn multiply<const D: usize>(&self, x: Tensor<D>, weight: Tensor<2>) -> Tensor<D> {
        if self.is_rounding { project_rounded(x, weight) } else { project(x, weight) }
    }

    /// Rows of the matrix, as an embedding takes them, in the type asked for.
    ///
    /// # Shapes
    /// - at: `[rows]`
    /// - output: `[rows, input]`
    pub fn rows(&self, at: Tensor<1, Int>, dtype: FloatDType) -> Tensor<2> {
        match &self.rest {
            Rest::Packed(rest) if rest.low_rank.is_none() => rest.packed.rows(at, dtype),
            _ => self.val().select(0, at).cast(dtype),
        }
    }

    /// The matrix as floating-point numbers, with a [`LowRank`] beside it in it.
    pub fn val(&self) -> Tensor<2> {
        match &self.rest {
            Rest::Float(weight) => weight.val(),
            Rest::Packed(rest) => rest.parameter().val(),
        }
    }

    /// The matrix as floating-point numbers, without what stands beside it.
    pub fn base(&self) -> Tensor<2> {
        match &self.rest {
            Rest::Float(weight) => weight.base(),
            Rest::Packed(rest) => rest.packed.val(),
        }
    }

    /// The change that stands beside the matrix, if there is one.
    pub fn low_rank(&self) -> Option<&LowRank> {
        match &self.rest {
            Rest::Float(weight) => weight.reparameterization::<LowRank>(),
            Rest::Packed(rest) => rest.low_rank.as_ref(),
        }
    }

    /// The integers that the matrix rests as, if it is packed.
    pub fn packed(&self) -> Option<&Packed> {
        match &self.rest {
            Rest::Float(_) => None,
            Rest::Packed(rest) => Some(&rest.packed),
        }
    }

    /// Returns the dimensions, `[output, input]`, without making the matrix.
    pub fn shape(&self) -> [usize; 2] {
        match &self.rest {
            Rest::Float(weight) => weight.lazy_shape().dims(),
            Rest::Packed(rest) => rest.packed.shape(),
        }
    }

    /// The device on which it rests, without making the matrix.
    pub fn device(&self) -> Device {
        match &self.rest {
            Rest::Float(weight) => weight.lazy_device(),
            Rest::Packed(rest) => rest.packed.device(),
        }
    }

    /// Returns whether the matrix was made, or loaded.
    pub fn is_initialized(&self) -> bool {
        match &self.rest {
            Rest::Float(weight) => weight.is_initialized(),
            Rest::Packed(_) => true,
        }
    }
}

impl From<Param<Tensor<2>>> for Weight {
    fn from(weight: Param<Tensor<2>>) -> Self {
        match weight.reparameterization::<Packed>() {
            Some(packed) => PackedRest { id: weight.id, packed: packed.clone(), low_rank: None }.into(),
            None if weight.reparameterization::<Bf16Products>().is_some() => {
                Self { rest: Rest::Float(weight.map(|weight| weight)), is_rounding: true }
            }
            None => Self { rest: Rest::Float(weight), is_rounding: false },
        }
    }
}

impl From<Tensor<2>> for Weight {
    fn from(weight: Tensor<2>) -> Self {
        Param::from_tensor(weight).into()
    }
}

impl From<Packed> for Weight {
    fn from(packed: Packed) -> Self {
        PackedRest { id: ParamId::new(), packed, low_rank: None }.into()
    }
}

impl From<PackedRest> for Weight {
    fn from(rest: PackedRest) -> Self {
        Self { rest: Rest::Packed(Box::new(rest)), is_rounding: false }
    }
}

#[cfg(test)]
mod tests {
    use burn::module::ModuleVisitor;

    use super::*;
    use crate::ops::Linear;

    #[derive(Default)]
    struct Paths {
        entered: Vec<String>,
        found: Vec<String>,
    }

    impl ModuleVisitor for Paths {
        fn visit_float<const D: usize>(&mut self, _: &Param<Tensor<D>>) {
            self.found.push(self.entered.join("."));
        }

        fn enter_module(&mut self, name: &str, _: &str) {
            self.entered.push(name.into());
        }

        fn exit_module(&mut self, _: &str, _: &str) {
            self.entered.pop();
        }
    }

    #[test]
    fn visitors_find_the_parameter_under_the_name_of_its_field() {
        let mut paths = Paths::default();
        Linear::with_bias(3, 2, &Device::flex()).visit(&mut paths);
        assert_eq!(paths.found, ["weight", "bias"]);
    }

    #[test]
    fn records_hold_the_parameter_under_the_name_of_its_field() {
        #[derive(Module, Debug)]
        struct Plain {
            weight: Param<Tensor<2>>,
            bias: Option<Param<Tensor<1>>>,
        }

        let device = Device::flex();
        let linear = Linear::with_bias(3, 2, &device);
        let expected = linear.weight.val().into_data();
        let other = Linear::with_bias(3, 2, &device);
        let plain = Plain { weight: Param::from_tensor(other.weight.val()), bias: other.bias };
        let plain = plain.load_record(linear.clone().into_record());
        assert_eq!(plain.weight.val().into_data(), expected);
        let back = Linear::with_bias(3, 2, &device).load_record(plain.into_record());
        assert_eq!(back.weight.val().into_data(), expected);
    }

    #[test]
    fn nothing_is_made_for_its_shape() {
        let weight = Weight::uniform(1 << 40, 1 << 20, &Device::flex());
        assert_eq!((weight.shape(), weight.device()), ([1 << 20, 1 << 40], Device::flex()));
    }
}
