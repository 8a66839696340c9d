use burn::module::{Module, Param, Reparameterization, Reparameterizer};
use burn::prelude::*;
use burn::tensor::DType;

/// Has activations rounded to BF16 in products with a [`Weight`](super::Weight) that rests in BF16; sums stay F32.
///
/// ```
/// use burn::prelude::*;
/// use burn::tensor::DType;
/// use omnigen2_rope::ops::{Bf16Products, Linear, Weight};
///
/// let device = Device::flex();
/// let weight = Weight::from(Tensor::<2>::ones([1, 1], &device).cast(DType::BF16));
/// let linear = Linear { weight, bias: None }.apply_reparameterization(Bf16Products);
/// let x = Tensor::<2>::from_floats([[1.001]], &device); // between 1 and 1.0078125 there is no BF16
/// assert_eq!(linear.forward(x).into_scalar::<f32>(), 1.0);
/// ```
#[derive(Module, Debug, Default)]
pub struct Bf16Products;

impl Bf16Products {
    /// Returns whether a device multiplies pairs of BF16 in one instruction.
    pub fn is_fast_on(device: &Device) -> bool {
        omnigen2_kernels::multiplies_pairs(device)
    }
}

impl Reparameterization for Bf16Products {
    const NAME: &'static str = "bf16_products";

    /// The matrix itself: activations alone are changed.
    fn apply<const D: usize>(&self, base: Tensor<D>) -> Tensor<D> {
        base
    }
}

impl Reparameterizer for Bf16Products {
    type Reparam = Self;

    fn reparameterize<const D: usize>(
        &mut self,
        _path: &str,
        parameter: Param<Tensor<D>>,
    ) -> (Param<Tensor<D>>, Option<Self>) {
        let is_bf16 = D == 2 && parameter.is_initialized() && parameter.base().dtype() == DType::BF16;
        (parameter, is_bf16.then_some(Self))
    }
}
