//! One golden file, and the score of a run against it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use burn::prelude::*;
use burn::tensor::DType;
use image::RgbImage;
use omnigen2_pipeline::device::by_name;
use omnigen2_pipeline::weights::Storage;
use safetensors::{Dtype, SafeTensors};
use serde::de::DeserializeOwned;

/// What rounded weights and activations may change, against the whole.
const ROUNDED: f64 = 0.02;

/// The device under test: the CPU, or the one that `OMNIGEN2_DEVICE` names.
pub fn device() -> Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    let named = || {
        let name = std::env::var("OMNIGEN2_DEVICE").unwrap_or_else(|_| "cpu".into());
        by_name(&name).unwrap_or_else(|error| panic!("{error}"))
    };
    DEVICE.get_or_init(named).clone()
}

/// How weights rest: as stored, or as `OMNIGEN2_STORAGE` says.
pub fn storage() -> Storage {
    let named = std::env::var("OMNIGEN2_STORAGE").map(|name| name.parse());
    named.map_or(Storage::AsStored, |storage| {
        storage.unwrap_or_else(|error| panic!("OMNIGEN2_STORAGE: {error}"))
    })
}

/// A score, or why there is none.
pub type Outcome = Result<Score, String>;

/// The largest difference seen against each tolerance.
pub struct Score {
    tolerance: f64,
    parts: Vec<Part>,
    notes: Vec<String>,
}

struct Part {
    what: String,
    delta: f64,
    tolerance: f64,
}

impl Score {
    /// Nothing compared yet; numbers may differ by `tolerance`.
    pub fn within(tolerance: f64) -> Self {
        Self { tolerance, parts: Vec::new(), notes: Vec::new() }
    }

    /// The same so far, with another tolerance from here on.
    pub fn then_within(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// Compares numbers; shapes must agree and everything must be finite.
    pub fn compare<const D: usize>(mut self, what: &str, found: &Tensor<D>, expected: &Tensor<D>) -> Outcome {
        if found.dims() != expected.dims() {
            return Err(format!("{what}: shape {:?}, expected {:?}", found.dims(), expected.dims()));
        }
        let values = |t: &Tensor<D>| t.clone().cast(DType::F32).into_data().try_into_vec::<f32>();
        let found = values(found).map_err(|e| format!("{what}: {e:?}"))?;
        let expected = values(expected).map_err(|e| format!("{what}: {e:?}"))?;
        self.parts.push(if storage() == Storage::AsStored {
            Part { what: what.into(), delta: largest(&found, &expected), tolerance: self.tolerance }
        } else {
            Part {
                what: format!("{what}, relative,"),
                delta: relative(&found, &expected),
                tolerance: ROUNDED,
            }
        });
        Ok(self)
    }

    /// Compares whatever must be exactly equal.
    pub fn exact<T: PartialEq + fmt::Debug>(mut self, what: &str, found: &T, expected: &T) -> Outcome {
        if found != expected {
            let mut text = format!("{what}: found {found:?}, expected {expected:?}");
            text.truncate(text.floor_char_boundary(600));
            return Err(text);
        }
        self.notes.push(format!("{what} exact"));
        Ok(self)
    }

    /// Compares 8-bit pixels, which may be one level off where a float lies between two.
    pub fn levels(mut self, found: &[u8], expected: &[u8]) -> Outcome {
        if found.len() != expected.len() {
            return Err(format!("{} pixel values, expected {}", found.len(), expected.len()));
        }
        let off = found.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).filter(|d| *d > 0);
        let (count, worst) = off.fold((0, 0), |(count, worst), d| (count + 1, d.max(worst)));
        if worst > 1 {
            return Err(format!("8-bit pixels are up to {worst} levels off"));
        }
        self.notes.push(format!("{count} of {} 8-bit values one level off", found.len()));
        Ok(self)
    }

    /// Whether every difference is within its tolerance.
    pub fn holds(&self) -> bool {
        let compared = !(self.parts.is_empty() && self.notes.is_empty());
        compared && self.parts.iter().all(|p| p.delta <= p.tolerance)
    }
}

/// The largest difference.
fn largest(found: &[f32], expected: &[f32]) -> f64 {
    let delta = found.iter().zip(expected).map(|(a, b)| f64::from((a - b).abs()));
    delta.fold(0.0, |worst: f64, d| if d.is_nan() { f64::INFINITY } else { worst.max(d) })
}

/// The L2 norm of the differences, against that of what is expected.
fn relative(found: &[f32], expected: &[f32]) -> f64 {
    let norm = |numbers: &mut dyn Iterator<Item = f64>| numbers.map(|x| x * x).sum::<f64>().sqrt();
    let differences = norm(&mut found.iter().zip(expected).map(|(a, b)| f64::from(a - b)));
    let relative = differences / norm(&mut expected.iter().map(|&b| f64::from(b)));
    if relative.is_nan() { f64::INFINITY } else { relative }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worst = self.parts.iter().map(|p| p.delta).fold(0.0, f64::max);
        let parts = self.parts.iter().map(|p| format!("{} {:.1e} ≤ {:.0e}", p.what, p.delta, p.tolerance));
        let parts: Vec<String> = parts.chain(self.notes.iter().cloned()).collect();
        write!(f, "max|Δ| {worst:.1e} ({})", parts.join(", "))
    }
}

/// A golden file's tensors and settings, or the text of one that is JSON.
pub struct Golden {
    /// Path below the goldens directory without the ending.
    pub name: String,
    bytes: Vec<u8>,
    metadata: BTreeMap<String, String>,
}

impl Golden {
    /// Reads a `.safetensors` or `.json` file.
    pub fn read(name: &str, path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|e| e.to_string())?;
        let metadata = if path.extension().is_some_and(|e| e == "safetensors") {
            let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|e| e.to_string())?;
            header.metadata().clone().unwrap_or_default().into_iter().collect()
        } else {
            BTreeMap::new()
        };
        Ok(Self { name: name.into(), bytes, metadata })
    }

    /// The raw file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A setting: its JSON value, or its text where it is not JSON.
    pub fn setting<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let text = self.metadata.get(key)?;
        serde_json::from_str(text)
            .or_else(|_| serde_json::from_value(serde_json::Value::String(text.clone())))
            .ok()
    }

    /// A setting's text as it stands.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// Whether there is such a tensor.
    pub fn has(&self, tensor: &str) -> bool {
        self.tensors().tensor(tensor).is_ok()
    }

    /// A tensor of floats.
    pub fn tensor<const D: usize>(&self, tensor: &str, device: &Device) -> Tensor<D> {
        let view = self.view(tensor);
        assert_eq!(view.dtype(), Dtype::F32, "{tensor} is not F32");
        let (chunks, _) = view.data().as_chunks::<4>();
        let values: Vec<f32> = chunks.iter().map(|&b| f32::from_le_bytes(b)).collect();
        Tensor::from_data(TensorData::new(values, view.shape().to_vec()), (device, DType::F32))
    }

    /// The numbers of a tensor of floats.
    pub fn floats(&self, tensor: &str) -> Vec<f32> {
        self.view(tensor).data().as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
    }

    /// The numbers of a tensor of integers.
    pub fn ints(&self, tensor: &str) -> Vec<i32> {
        let view = self.view(tensor);
        assert_eq!(view.dtype(), Dtype::I32, "{tensor} is not I32");
        view.data().as_chunks::<4>().0.iter().map(|&b| i32::from_le_bytes(b)).collect()
    }

    /// The shape of a tensor.
    pub fn shape(&self, tensor: &str) -> Vec<usize> {
        self.view(tensor).shape().to_vec()
    }

    /// A picture stored as `[height, width, 3]`.
    pub fn image(&self, tensor: &str) -> RgbImage {
        let view = self.view(tensor);
        let &[height, width, 3] = view.shape() else { panic!("{tensor} is no picture") };
        RgbImage::from_raw(width as u32, height as u32, view.data().to_vec()).expect("sized by its shape")
    }

    /// The bytes of a tensor.
    pub fn raw(&self, tensor: &str) -> Vec<u8> {
        self.view(tensor).data().to_vec()
    }

    /// The tensors `{prefix}.0`, `{prefix}.1`, … as far as they go.
    pub fn numbered(&self, prefix: &str) -> Vec<String> {
        (0..).map(|i| format!("{prefix}.{i}")).take_while(|name| self.has(name)).collect()
    }

    fn tensors(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).expect("read_metadata accepted it")
    }

    fn view(&self, tensor: &str) -> safetensors::tensor::TensorView<'_> {
        self.tensors().tensor(tensor).unwrap_or_else(|_| panic!("the golden has no {tensor}"))
    }
}

/// The directory that a variable names, or the repository's own.
pub fn directory(variable: &str, own: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) => path.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(own),
    }
}

/// What a case is called that has a folder of its own, among the files that it needs.
const CASE: &str = "case.safetensors";

/// Every golden below `root` as (name, path), sorted; documents and adapters' own files are no goldens.
pub fn list(root: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let is_case = folder.join(CASE).is_file();
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        for entry in entries {
            let path = entry.expect("a directory entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if is_case && !path.ends_with(CASE) {
                continue;
            } else if path.extension().is_some_and(|e| e == "safetensors" || e == "json") {
                let name = path.strip_prefix(root).expect("below the root").with_extension("");
                found.push((name.to_string_lossy().replace('\\', "/"), path));
            }
        }
    }
    found.sort();
    found
}
