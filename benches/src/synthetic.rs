//! Weights and inputs that any program can make again: each number is a function of its tensor's name and of its
//! own index, as `cargo xtask synth` writes them, and weights are rounded to BF16.

use burn::module::{Module, ModuleMapper, Param};
use burn::prelude::*;
use burn::tensor::{DType, bf16};
use omnigen2_bench::Numbers;
use omnigen2_pipeline::weights::{Naming, Storage, inventory};
use omnigen2_rope::ops::{Bf16Products, Packed};
use rayon::prelude::*;

/// The parameters of a module that get numbers, what they are called, and in which type they rest.
#[derive(Clone, Copy, Debug)]
pub struct Weights<'a> {
    /// Pairs of a parameter's path in the module and its name in checkpoints, where they differ.
    pub names: &'a [(&'a str, &'a str)],
    /// The beginning of the names of all that is wanted; other parameters stay without memory until they are used.
    pub within: &'a str,
    /// BF16, or F32 of the same values.
    pub dtype: DType,
    /// The type in which large matrices rest, if they are packed; with BF16 activations are rounded to it in products.
    pub storage: Storage,
    /// Runs of whole parts of names whose parameters are never packed.
    pub float: &'a [&'a str],
    /// Runs of whole parts of names whose parameters are packed to 8 bits at the least.
    pub fine: &'a [&'a str],
}

impl Weights<'_> {
    /// All parameters, under their own paths, in this type.
    pub fn all(dtype: DType) -> Self {
        Self { names: &[], within: "", dtype, storage: Storage::AsStored, float: &[], fine: &[] }
    }

    /// The module, fresh from its `init`, with synthetic weights.
    pub fn fill<M: Module>(&self, module: M) -> M {
        let tables = [self.names];
        let naming = Naming { tables: &tables, ..Naming::of("synthetic") };
        let names: Vec<String> = inventory(&module).iter().map(|p| naming.rename(&p.path)).collect();
        let filled = module.map(&mut Fill { weights: *self, names: names.into_iter() });
        match self.storage {
            Storage::Bf16 => filled.apply_reparameterization(Bf16Products),
            _ => filled,
        }
    }
}

struct Fill<'a> {
    weights: Weights<'a>,
    names: std::vec::IntoIter<String>,
}

impl ModuleMapper for Fill<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Weights { within, dtype, storage, float, fine, .. } = self.weights;
        match self.names.next() {
            Some(name) if name.starts_with(within) => {
                let (id, dims) = (parameter.id, parameter.lazy_shape().dims());
                let numbers = Numbers::weight(&name, &dims);
                let tensor = weights(numbers, dims, dtype, &parameter.lazy_device());
                let naming = Naming { float, fine, bears_packing: true, ..Naming::of("synthetic") };
                match naming.bits(&name, &dims, naming.settled(storage, &dims, &tensor.device())) {
                    Some(bits) if D == 2 => {
                        let matrix = tensor.reshape([dims[0], dims[1]]);
                        Packed::quantise(matrix, bits).into_parameter(id)
                    }
                    _ => parameter.transform_for_load(tensor, id),
                }
            }
            _ => parameter,
        }
    }
}

/// The input of this name: numbers between −√3 and √3, of variance 1.
pub fn input<const D: usize>(name: &str, dims: [usize; D], device: &Device) -> Tensor<D> {
    let values: Vec<f32> = Numbers::input(name).first(dims.iter().product()).collect();
    Tensor::from_data(TensorData::new(values, dims), (device, DType::F32))
}

fn weights<const D: usize>(numbers: Numbers, dims: [usize; D], dtype: DType, device: &Device) -> Tensor<D> {
    let narrow = numbers.first(dims.iter().product()).map(bf16::from_f32);
    let data = match dtype {
        DType::BF16 => TensorData::new(narrow.collect::<Vec<_>>(), dims),
        _ => TensorData::new(narrow.map(bf16::to_f32).collect::<Vec<_>>(), dims),
    };
    let dtype = data.dtype();
    Tensor::from_data(data, (device, dtype))
}

#[cfg(test)]
mod tests {
    use omnigen2_dit::DitConfig;

    use super::*;

    #[test]
    fn the_first_numbers_are_known() {
        let first: Vec<f32> = Numbers::weight("x_embedder.weight", &[4, 4]).first(4).collect();
        assert_eq!(first, [-0.747_704_74, 0.449_213_36, 0.501_976_4, -0.540_716_1]);
    }

    #[test]
    fn weights_go_by_the_names_of_checkpoints_and_rest_as_asked() {
        let weights = Weights { names: omnigen2_dit::NAMES, ..Weights::all(DType::BF16) };
        let config = DitConfig::tiny();
        let device = Device::flex();
        let narrow = weights.fill(config.init(&device));
        let wide = Weights { dtype: DType::F32, ..weights }.fill(config.init(&device));
        let [narrow, wide] = [narrow, wide].map(|dit| {
            let mut seen = Seen::default();
            dit.visit(&mut seen);
            seen
        });
        assert!(narrow.dtypes.iter().all(|&dtype| dtype == DType::BF16));
        assert!(wide.dtypes.iter().all(|&dtype| dtype == DType::F32));
        assert_eq!(narrow.sums, wide.sums);
        assert!(narrow.sums.iter().collect::<std::collections::HashSet<_>>().len() > 20, "all differ");
    }

    #[derive(Default)]
    struct Seen {
        dtypes: Vec<DType>,
        sums: Vec<String>,
    }

    impl burn::module::ModuleVisitor for Seen {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            let tensor = parameter.val();
            self.dtypes.push(tensor.dtype());
            self.sums.push(tensor.cast(DType::F32).sum().into_scalar::<f32>().to_string());
        }
    }
}
