//! Files of the published size, checked from their headers alone. They are sparse: they take no room on disk.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::prelude::*;
use omnigen2_dit::DitConfig;
use omnigen2_mllm::MllmConfig;
use omnigen2_pipeline::weights::{Naming, Parameter, inventory};
use omnigen2_pipeline::{LooseFiles, OmniGen2};
use omnigen2_vae::VaeConfig;
use omnigen2_vit::VitConfig;

#[test]
fn comfyui_s_loose_files_are_matched_name_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let device = Device::flex();
    let dit = inventory(&DitConfig::omnigen2().init(&device));
    let mllm = inventory(&MllmConfig::qwen2_5_vl_3b().init(&device));
    let vit = inventory(&VitConfig::qwen2_5_vl_3b().init(&device));
    let vae = inventory(&VaeConfig::flux().init(&device));
    assert_eq!((dit.len(), mllm.len() + vit.len(), vae.len()), (582, 824, 244));

    let dit = names(&dit, omnigen2_dit::NAMES, "model.diffusion_model.");
    let mut reader = names(&mllm, omnigen2_mllm::NAMES, "model.");
    reader.extend(names(&vit, omnigen2_vit::NAMES, "visual."));
    let vae = names(&vae, omnigen2_vae::FLUX_NAMES, "");
    let tokenizer = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-checkpoint/processor");
    let files = LooseFiles {
        transformer: sparse(folder.path().join("omnigen2_fp16.safetensors"), &dit),
        mllm: sparse(folder.path().join("qwen_2.5_vl_fp16.safetensors"), &reader),
        vae: sparse(folder.path().join("ae.safetensors"), &vae),
        tokenizer,
    };
    let start = Instant::now();
    OmniGen2::builder(&device).files(files.clone()).unwrap().build().unwrap();
    println!("1,650 names and shapes matched in {:.0?}", start.elapsed());

    let mut short = vae.clone();
    short.remove("decoder.mid.attn_1.q.weight").unwrap();
    sparse(files.vae.clone(), &short);
    let refused = OmniGen2::builder(&device).files(files).unwrap().build().unwrap_err().to_string();
    assert!(refused.contains("decoder.mid.attn_1.q.weight"), "{refused}");
}

fn names(parameters: &[Parameter], table: &[(&str, &str)], prefix: &str) -> BTreeMap<String, Vec<usize>> {
    let naming = Naming { tables: &[table], ..Naming::of("part") };
    let named = parameters.iter().map(|p| (format!("{prefix}{}", naming.rename(&p.path)), p.shape.clone()));
    named.collect()
}

/// A file of zeros in F16.
fn sparse(path: PathBuf, tensors: &BTreeMap<String, Vec<usize>>) -> PathBuf {
    let mut end = 0;
    let entries = tensors.iter().map(|(name, shape)| {
        let start = end;
        end += 2 * shape.iter().product::<usize>();
        let entry = serde_json::json!({"dtype": "F16", "shape": shape, "data_offsets": [start, end]});
        (name.clone(), entry)
    });
    let header = serde_json::Value::Object(entries.collect()).to_string();
    let mut file = File::create(&path).unwrap();
    file.write_all(&(header.len() as u64).to_le_bytes()).unwrap();
    file.write_all(header.as_bytes()).unwrap();
    file.set_len((8 + header.len() + end) as u64).unwrap();
    path
}
