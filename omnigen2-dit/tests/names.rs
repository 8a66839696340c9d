//! Every published tensor has its parameter, and no weight exists before it is asked for.

use std::collections::BTreeMap;

use burn::module::{ModuleVisitor, Param};
use burn::prelude::*;
use omnigen2_dit::{DitConfig, NAMES};

#[derive(Default)]
struct Inventory {
    path: Vec<String>,
    shapes: BTreeMap<String, String>,
    allocated: usize,
}

impl ModuleVisitor for Inventory {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let path = NAMES.iter().fold(format!(".{}.", self.path.join(".")), |path, (ours, theirs)| {
            path.replace(&format!(".{ours}."), &format!(".{theirs}."))
        });
        self.shapes.insert(path.trim_matches('.').into(), format!("{:?}", param.lazy_shape().to_vec()));
        self.allocated += usize::from(param.is_initialized());
    }
}

#[test]
fn published_names_and_shapes_are_all_matched() {
    let manifest = include_str!("fixtures/manifest.tsv");
    let published: BTreeMap<String, String> = manifest
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(name, shape)| (name.to_owned(), shape.to_owned()))
        .collect();
    let mut inventory = Inventory::default();
    DitConfig::omnigen2().init(&Device::flex()).visit(&mut inventory);
    assert_eq!(published.len(), 582);
    assert_eq!(inventory.shapes, published);
    assert_eq!(inventory.allocated, 0);
}
