//! Weights and inputs that any program can make again: each number is a function of its tensor's name and of its
//! own index, as `cargo xtask synth` writes them, and weights are rounded to BF16.

use burn::module::{Module, ModuleMapper, Param};
use burn::prelude::*;
use burn::tensor::{DType, bf16};
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
                let tensor = Source::weight(&name, &dims).weights(dims, dtype, &parameter.lazy_device());
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
    let source = Source { hash: fnv_1a(name), centre: 0.0, spread: 3f64.sqrt() as f32 };
    let values: Vec<f32> = source.values(dims.iter().product()).collect();
    Tensor::from_data(TensorData::new(values, dims), (device, DType::F32))
}

/// The numbers of one tensor.
#[derive(Clone, Copy)]
struct Source {
    hash: u64,
    centre: f32,
    spread: f32,
}

impl Source {
    fn weight(name: &str, shape: &[usize]) -> Self {
        let (centre, spread) = match shape {
            [] | [_] if name.ends_with("weight") => (1.0, 0.1),
            [] | [_] => (0.0, 0.02),
            [_, inner @ ..] => (0.0, (3.0 / inner.iter().product::<usize>() as f64).sqrt() as f32),
        };
        Self { hash: fnv_1a(name), centre, spread }
    }

    fn weights<const D: usize>(self, dims: [usize; D], dtype: DType, device: &Device) -> Tensor<D> {
        let narrow = self.values(dims.iter().product()).map(bf16::from_f32);
        let data = match dtype {
            DType::BF16 => TensorData::new(narrow.collect::<Vec<_>>(), dims),
            _ => TensorData::new(narrow.map(bf16::to_f32).collect::<Vec<_>>(), dims),
        };
        let dtype = data.dtype();
        Tensor::from_data(data, (device, dtype))
    }

    fn values(self, count: usize) -> impl IndexedParallelIterator<Item = f32> {
        (0..count).into_par_iter().map(move |index| self.get(index as u64))
    }

    fn get(self, index: u64) -> f32 {
        let random = splitmix(self.hash.wrapping_add(index)) >> 40;
        let unit = 2.0 * (random as f32 / (1 << 24) as f32) - 1.0;
        self.centre + self.spread * unit
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
    use omnigen2_dit::DitConfig;

    use super::*;

    #[test]
    fn the_first_numbers_are_known() {
        let source = Source::weight("x_embedder.weight", &[4, 4]);
        let first: Vec<f32> = source.values(4).collect();
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
