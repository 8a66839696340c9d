//! Every published tensor has its parameter, and no weight exists before it is asked for.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::collections::BTreeMap;

use burn::module::{ModuleVisitor, Param};
use burn::prelude::*;
use omnigen2_vit::{NAMES, PREFIXES, VitConfig};

/// A line each: name and shape; `{0..n}` stands for n lines.
const PUBLISHED: &str = include_str!("fixtures/names.tsv");

#[derive(Default)]
struct Inventory {
    path: Vec<String>,
    shapes: BTreeMap<String, String>,
}

impl ModuleVisitor for Inventory {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        assert!(!param.is_initialized(), "a weight has been allocated");
        let path = NAMES.iter().fold(format!(".{}.", self.path.join(".")), |path, (ours, theirs)| {
            path.replace(&format!(".{ours}."), &format!(".{theirs}."))
        });
        let name = format!("{}{}", PREFIXES[PREFIXES.len() - 1], path.trim_matches('.'));
        self.shapes.insert(name, format!("{:?}", param.lazy_shape().to_vec()));
    }
}

fn expand(line: &str) -> Vec<(String, String)> {
    let (name, shape) = line.split_once('\t').unwrap();
    let Some((before, rest)) = name.split_once("{0..") else { return vec![(name.into(), shape.into())] };
    let (count, after) = rest.split_once('}').unwrap();
    let layers = 0..count.parse::<usize>().unwrap();
    layers.map(|layer| (format!("{before}{layer}{after}"), shape.into())).collect()
}

#[test]
fn published_names_and_shapes_are_all_matched() {
    let published: BTreeMap<String, String> = PUBLISHED.lines().flat_map(expand).collect();
    let mut inventory = Inventory::default();
    VitConfig::qwen2_5_vl_3b().init(&Device::flex()).visit(&mut inventory);
    assert_eq!(published.len(), 390);
    assert_eq!(inventory.shapes, published);
}
