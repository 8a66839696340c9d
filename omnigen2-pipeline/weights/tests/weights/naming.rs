use burn::module::Param;
use burn::nn::Initializer;
use burn::prelude::*;
use omnigen2_rope::ops::Linear;
use omnigen2_weights::{Archive, Naming, Storage, inventory};
use safetensors::Dtype;
use tempfile::tempdir;

use crate::toy::{TOY, Tensors, Toy, values};

#[test]
fn every_prefix_is_found() {
    let naming = Naming { prefixes: &["model.language_model.", "model.", ""], ignored: &["lm_head."], ..TOY };
    let folder = tempdir().unwrap();
    let mut loaded = Vec::new();
    for prefix in naming.prefixes {
        let file = folder.path().join("prefixed.safetensors");
        let mut tensors = Tensors::of(&Toy::new(1), Dtype::F32).renamed(|name| format!("{prefix}{name}"));
        tensors.add("lm_head.weight", Dtype::F32, &[2, 2]);
        if !prefix.is_empty() {
            tensors.add("visual.blocks.0.norm1.weight", Dtype::F32, &[4]);
        }
        tensors.save(&file);
        let archive = Archive::open(&file).unwrap();
        loaded.push(values(&archive.load(Toy::new(1), &naming, Storage::AsStored).unwrap()));
    }
    assert!(loaded.iter().all(|values| *values == loaded[0]));
}

#[test]
fn only_names_below_the_prefix_are_unexpected() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("mixed.safetensors");
    let mut tensors = Tensors::of(&Toy::new(1), Dtype::F32).renamed(|name| format!("visual.{name}"));
    tensors.add("visual.extra", Dtype::F32, &[1]);
    tensors.add("model.norm.weight", Dtype::F32, &[1]);
    tensors.save(&file);
    let naming = Naming { prefixes: &["model.visual.", "visual."], ..TOY };
    let report = Archive::open(&file).unwrap().check(&Toy::new(1), &naming);
    assert_eq!(report.unexpected, ["visual.extra"]);
    assert!(report.missing.is_empty() && report.mismatched.is_empty());
}

#[derive(Module, Debug)]
struct Autoencoder {
    decoder: Decoder,
}

#[derive(Module, Debug)]
struct Decoder {
    conv_in: Param<Tensor<4>>,
    up_blocks: Vec<UpBlock>,
    mid_block: Middle,
}

#[derive(Module, Debug)]
struct UpBlock {
    resnets: Vec<Linear>,
}

#[derive(Module, Debug)]
struct Middle {
    resnets: Vec<Linear>,
    to_q: Linear,
}

impl Autoencoder {
    fn new() -> Self {
        let device = Device::flex();
        let linear = || Linear::with_bias(4, 4, &device);
        Self {
            decoder: Decoder {
                conv_in: Initializer::Ones.init([4, 2, 3, 3], &device),
                up_blocks: (0..2).map(|_| UpBlock { resnets: vec![linear(), linear()] }).collect(),
                mid_block: Middle { resnets: vec![linear(), linear()], to_q: linear() },
            },
        }
    }
}

#[test]
fn original_names_of_flux_load_through_a_table() {
    let table: &[(&str, &str)] = &[
        ("mid_block.resnets.0", "mid.block_1"),
        ("mid_block.resnets.1", "mid.block_2"),
        ("mid_block.to_q", "mid.attn_1.q"),
        ("decoder.up_blocks.0", "decoder.up.1"),
        ("decoder.up_blocks.1", "decoder.up.0"),
        ("resnets", "block"),
    ];
    let flux = Naming { tables: &[table], ..Naming::of("autoencoder") };
    let names: Vec<String> = inventory(&Autoencoder::new()).iter().map(|p| flux.rename(&p.path)).collect();
    assert!(names.contains(&"decoder.up.1.block.0.weight".to_owned()), "{names:?}");
    assert!(names.contains(&"decoder.mid.block_2.bias".to_owned()), "{names:?}");

    let folder = tempdir().unwrap();
    let file = folder.path().join("ae.safetensors");
    let tensors = Tensors::of(&Autoencoder::new(), Dtype::F32);
    let mut renamed = tensors.clone().renamed(|name| flux.rename(name));
    renamed.0.get_mut("decoder.mid.attn_1.q.weight").unwrap().shape = vec![4, 4, 1, 1];
    renamed.save(&file);
    let original = Archive::open(&file).unwrap();
    assert!(original.has_prefix("decoder.up.0."));
    let original = original.load(Autoencoder::new(), &flux, Storage::AsStored).unwrap();

    tensors.save(&file);
    let diffusers = Archive::open(&file).unwrap();
    let diffusers =
        diffusers.load(Autoencoder::new(), &Naming::of("autoencoder"), Storage::AsStored).unwrap();
    assert_eq!(values(&original), values(&diffusers));
}

#[test]
fn parts_of_names_are_replaced_whole_and_once() {
    let table: &[(&str, &str)] = &[("a", "a.a"), ("b.c", "x")];
    let naming = Naming { tables: &[table], ..TOY };
    assert_eq!(naming.rename("a.ab.a.b.cd"), "a.a.ab.a.a.b.cd");
    assert_eq!(naming.rename("b.c.b.c"), "x.x");
    assert_eq!(naming.rename("a.a"), "a.a.a.a");
}

#[test]
fn a_convolution_of_one_pixel_is_a_matrix() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("pixel.safetensors");
    let fits = |shape: &[usize]| {
        let mut tensors = Tensors::default();
        tensors.add("weight", Dtype::F32, shape);
        tensors.save(&file);
        Archive::open(&file).unwrap().check(&Linear::new(24, 5, &Device::flex()), &TOY).is_empty()
    };
    assert!(fits(&[5, 24]) && fits(&[5, 24, 1, 1]));
    assert!(
        !fits(&[24, 5])
            && !fits(&[5, 24, 1, 2])
            && !fits(&[5, 3, 2, 2, 2])
            && !fits(&[120])
            && !fits(&[1, 5, 24])
            && !fits(&[5])
    );
}

#[test]
fn a_foreign_file_is_reported_under_the_last_prefix() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("foreign.safetensors");
    let mut tensors = Tensors::default();
    tensors.add("foreign", Dtype::F32, &[1]);
    tensors.save(&file);
    let naming = Naming { prefixes: &["model.diffusion_model.", ""], ..TOY };
    let report = Archive::open(&file).unwrap().check(&Toy::new(1), &naming);
    assert_eq!((report.missing[0].as_str(), report.unexpected[0].as_str()), ("embed.weight", "foreign"));
}

#[test]
fn some_names_have_no_prefix_though_the_others_have_one() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("bare.safetensors");
    let bare = |name: &str| name.starts_with("embed.");
    let naming = Naming { prefixes: &["model."], bare: &["embed."], ..TOY };
    let tensors = Tensors::of(&Toy::new(1), Dtype::F32);
    tensors.renamed(|name| if bare(name) { name.into() } else { format!("model.{name}") }).save(&file);
    let archive = Archive::open(&file).unwrap();
    assert!(archive.check(&Toy::new(1), &naming).is_empty());
    assert!(archive.load(Toy::new(1), &naming, Storage::AsStored).is_ok());
    let report = archive.check(&Toy::new(1), &Naming { bare: &[], ..naming });
    assert_eq!(report.missing, ["model.embed.weight", "model.embed.bias"]);
}
