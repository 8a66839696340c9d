use burn::module::{
    Content, Devices, Module, ModuleDisplay, ModuleDisplayDefault, ModuleMapper, ModuleVisitor, Param,
};
use burn::nn::Initializer;
use burn::prelude::*;
use burn::tensor::FloatDType;

use super::{LowRank, project};

/// A matrix of a network, `[output, input]`, which knows how it rests. To visitors of modules it is the parameter
/// itself, under the name of the field that holds it. A [`LowRank`] that is put on it stands beside it.
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
    rest: Rest,
}

/// How a weight rests.
#[derive(Clone, Debug)]
enum Rest {
    /// In F32, F16 or BF16, as checkpoints have it.
    Float(Param<Tensor<2>>),
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
        let Rest::Float(weight) = &self.rest;
        match weight.reparameterization::<LowRank>() {
            Some(low_rank) => project(x.clone(), weight.base()) + low_rank.forward(x),
            None => project(x, weight.val()),
        }
    }

    /// Rows of the matrix, as an embedding takes them, in the type asked for.
    ///
    /// # Shapes
    /// - at: `[rows]`
    /// - output: `[rows, input]`
    pub fn rows(&self, at: Tensor<1, Int>, dtype: FloatDType) -> Tensor<2> {
        let Rest::Float(weight) = &self.rest;
        weight.val().select(0, at).cast(dtype)
    }

    /// The matrix as floating-point numbers, with a [`LowRank`] beside it in it.
    pub fn val(&self) -> Tensor<2> {
        let Rest::Float(weight) = &self.rest;
        weight.val()
    }

    /// The matrix as floating-point numbers, without what stands beside it.
    pub fn base(&self) -> Tensor<2> {
        let Rest::Float(weight) = &self.rest;
        weight.base()
    }

    /// The change that stands beside the matrix, if there is one.
    pub fn low_rank(&self) -> Option<&LowRank> {
        let Rest::Float(weight) = &self.rest;
        weight.reparameterization::<LowRank>()
    }

    /// Returns the dimensions, `[output, input]`, without making the matrix.
    pub fn shape(&self) -> [usize; 2] {
        let Rest::Float(weight) = &self.rest;
        weight.lazy_shape().dims()
    }

    /// The device on which it rests, without making the matrix.
    pub fn device(&self) -> Device {
        let Rest::Float(weight) = &self.rest;
        weight.lazy_device()
    }

    /// Returns whether the matrix was made, or loaded.
    pub fn is_initialized(&self) -> bool {
        let Rest::Float(weight) = &self.rest;
        weight.is_initialized()
    }

    fn map_rest(self, float: impl FnOnce(Param<Tensor<2>>) -> Param<Tensor<2>>) -> Self {
        let Rest::Float(weight) = self.rest;
        float(weight).into()
    }
}

impl From<Param<Tensor<2>>> for Weight {
    fn from(weight: Param<Tensor<2>>) -> Self {
        Self { rest: Rest::Float(weight) }
    }
}

impl From<Tensor<2>> for Weight {
    fn from(weight: Tensor<2>) -> Self {
        Param::from_tensor(weight).into()
    }
}

// Not derived: a derived module would enter itself, and parameters would get another name.
impl Module for Weight {
    fn collect_devices(&self, devices: Devices) -> Devices {
        let Rest::Float(weight) = &self.rest;
        weight.collect_devices(devices)
    }

    fn fork(self, device: &Device) -> Self {
        self.map_rest(|weight| weight.fork(device))
    }

    fn to_device(self, device: &Device) -> Self {
        self.map_rest(|weight| weight.to_device(device))
    }

    fn train(self) -> Self {
        self.map_rest(Module::train)
    }

    fn valid(&self) -> Self {
        let Rest::Float(weight) = &self.rest;
        weight.valid().into()
    }

    fn materialize(self) -> Self {
        self.map_rest(Module::materialize)
    }

    fn visit<V: ModuleVisitor>(&self, visitor: &mut V) {
        let Rest::Float(weight) = &self.rest;
        Module::visit(weight, visitor);
    }

    fn map<M: ModuleMapper>(self, mapper: &mut M) -> Self {
        self.map_rest(|weight| Module::map(weight, mapper))
    }
}

impl ModuleDisplayDefault for Weight {
    fn content(&self, content: Content) -> Option<Content> {
        let Rest::Float(weight) = &self.rest;
        ModuleDisplayDefault::content(weight, content)
    }
}

impl ModuleDisplay for Weight {}

#[cfg(test)]
mod tests {
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
