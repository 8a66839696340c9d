//! Every name and shape of the published checkpoint, under both of its naming schemes, without its weights.

use std::collections::BTreeMap;

use burn::module::{ModuleVisitor, Param};
use burn::prelude::*;
use omnigen2_vae::{FLUX_NAMES, NAMES, VaeConfig};

/// A line each: diffusers' name, shape, FLUX.1's original name.
const PUBLISHED: &str = include_str!("fixtures/flux_names.tsv");

#[derive(Default)]
struct Collect {
    path: Vec<String>,
    shapes: BTreeMap<String, String>,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        assert!(!parameter.is_initialized(), "a lazy parameter has been allocated");
        let shape: Vec<String> = parameter.lazy_shape().iter().map(ToString::to_string).collect();
        self.shapes.insert(self.path.join("."), shape.join(","));
    }
}

fn rename(path: &str, table: &[(&str, &str)]) -> String {
    let dotted = table
        .iter()
        .fold(format!(".{path}."), |path, (from, to)| path.replace(&format!(".{from}."), &format!(".{to}.")));
    dotted.trim_matches('.').to_owned()
}

#[test]
fn the_published_names_and_shapes_are_matched() {
    let mut found = Collect::default();
    VaeConfig::flux().init(&Device::flex()).visit(&mut found);
    let diffusers: BTreeMap<String, String> =
        found.shapes.into_iter().map(|(path, shape)| (rename(&path, NAMES), shape)).collect();
    let flux: BTreeMap<String, String> =
        diffusers.iter().map(|(name, shape)| (rename(name, FLUX_NAMES), shape.clone())).collect();
    let published = |column: usize| -> BTreeMap<String, String> {
        let fields = PUBLISHED.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        fields.map(|fields| (fields[column].to_owned(), fields[1].to_owned())).collect()
    };
    assert_eq!(published(0).len(), 244);
    assert_eq!(diffusers, published(0));
    assert_eq!(flux, published(2));
}

#[test]
fn one_level_without_attention_is_resnets_alone() {
    let config =
        VaeConfig { block_out_channels: vec![8], mid_block_add_attention: false, ..VaeConfig::tiny() };
    assert_eq!(config.downscale(), 1);
    let vae = config.init(&Device::flex());
    let mut found = Collect::default();
    vae.visit(&mut found);
    let absent = ["attentions", "downsamplers", "upsamplers", "conv_shortcut"];
    assert!(found.shapes.keys().all(|name| absent.iter().all(|part| !name.contains(part))));
    let latent = vae.encode(Tensor::zeros([1, 3, 2, 3], &Device::flex())).mean();
    assert_eq!(latent.dims(), [1, 16, 2, 3]);
    assert_eq!(vae.decode(latent).dims(), [1, 3, 2, 3]);
}
