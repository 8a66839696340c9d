use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use burn::prelude::*;
use burn::tensor::DType;
use omnigen2_dit::Dit;
use omnigen2_rope::ops::LowRank;

use super::error::LoraError;
use super::key::{Key, Role, is_of_language_model};
use super::layers::layers;
use super::settings::Settings;
use crate::weights::{Archive, Entry, WeightsError};

/// The names under which trainers write adapters.
const USUAL: [&str; 2] = ["pytorch_lora_weights.safetensors", "adapter_model.safetensors"];
const ENDING: &str = ".safetensors";

/// An adapter of the diffusion transformer, by its file, and how strongly it acts. Its factors stay in the file until
/// they are put on a network.
#[derive(Clone, Debug)]
pub struct Adapter {
    path: PathBuf,
    archive: Archive,
    pairs: BTreeMap<String, Pair>,
    scale: f64,
}

/// The factors of one layer by their names in the file.
#[derive(Clone, Debug)]
struct Pair {
    down: String,
    up: String,
    rank: usize,
    /// The scale that the file has for the layer.
    scale: f64,
}

/// The tensors of a file for one layer.
#[derive(Default)]
struct Held<'a> {
    down: Option<&'a Entry>,
    up: Option<&'a Entry>,
    alpha: Option<&'a Entry>,
}

impl Adapter {
    /// The adapter in a file, or in a folder as PEFT and diffusers write it, at its full strength. All names, types
    /// and ranks are checked; of the numbers only scales are read.
    ///
    /// # Errors
    /// If there is none, or it is not sound.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LoraError> {
        let path = path.as_ref();
        let file = locate(path)?;
        let archive = Archive::open(&file)?;
        let folder = if path.is_dir() { Some(path) } else { None };
        let settings = Settings::of(&archive, folder)?;
        let held = held(&archive)?;
        if held.is_empty() {
            return Err(LoraError::Empty { path: file });
        }
        let pairs = held.into_iter().map(|(layer, held)| {
            let pair = held.pair(&layer, &file, &settings)?;
            Ok::<_, LoraError>((layer, pair))
        });
        Ok(Self { path: path.to_owned(), pairs: pairs.collect::<Result<_, _>>()?, archive, scale: 1.0 })
    }

    /// The adapter with another strength: 0 for none, 1 for that of the file.
    ///
    /// # Errors
    /// If the scale is not finite.
    pub fn scaled(self, scale: f64) -> Result<Self, LoraError> {
        if scale.is_finite() { Ok(Self { scale, ..self }) } else { Err(LoraError::Scale { scale }) }
    }

    /// The path that was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The strength with which it acts.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The linear layers that it changes, by their names in checkpoints.
    pub fn layers(&self) -> impl Iterator<Item = &str> {
        self.pairs.keys().map(String::as_str)
    }

    /// The largest rank of its changes.
    pub fn rank(&self) -> usize {
        self.pairs.values().map(|pair| pair.rank).max().unwrap_or(0)
    }

    /// The number of elements of all factors.
    pub fn parameters(&self) -> usize {
        let factors = self.pairs.values().flat_map(|pair| [&pair.down, &pair.up]);
        factors.filter_map(|name| self.archive.get(name)).map(Entry::parameters).sum()
    }

    /// Checks that a transformer has all layers, of the right widths. Nothing is loaded.
    ///
    /// # Errors
    /// The first tensor that does not fit.
    pub fn check(&self, dit: &Dit) -> Result<(), LoraError> {
        let layers: HashMap<_, _> = layers(dit).map(|layer| (layer.name, layer.shape)).collect();
        for (layer, pair) in &self.pairs {
            let Some(&[output, input]) = layers.get(layer) else {
                let (path, tensor) = (self.file(), pair.down.clone());
                return Err(LoraError::NoLayer { path, tensor, layer: layer.clone() });
            };
            for (tensor, expected) in [(&pair.down, [pair.rank, input]), (&pair.up, [output, pair.rank])] {
                let found = self.archive.get(tensor).map(Entry::shape).unwrap_or_default();
                if found != expected {
                    let (expected, found) = (format!("{expected:?}"), found.to_vec());
                    return Err(LoraError::Shape {
                        path: self.file(),
                        tensor: tensor.clone(),
                        expected,
                        found,
                    });
                }
            }
        }
        Ok(())
    }

    /// The change of a layer, scales included; `None`, if there is none.
    pub(super) fn change(&self, layer: &str, device: &Device) -> Result<Option<Change>, LoraError> {
        let Some(pair) = self.pairs.get(layer) else { return Ok(None) };
        let scale = (self.scale * pair.scale) as f32;
        let down = self.factor(&pair.down, 1.0, device)?;
        let up = self.factor(&pair.up, scale, device)?;
        Ok(Some(Change { down, up }))
    }

    fn factor(&self, tensor: &str, scale: f32, device: &Device) -> Result<Tensor<2>, LoraError> {
        let missing = || WeightsError::NoTensor { path: self.file(), tensor: tensor.to_owned() };
        let entry = self.archive.get(tensor).ok_or_else(missing)?;
        let numbers: Vec<f32> = numbers(entry)?.into_iter().map(|number| number * scale).collect();
        let data = TensorData::new(numbers, entry.shape().to_vec());
        Ok(Tensor::from_data(data, (device, DType::F32)))
    }

    fn file(&self) -> PathBuf {
        self.archive.path().to_owned()
    }
}

/// `up · down`, added to a weight.
pub(super) struct Change {
    /// `[rank, input]`.
    down: Tensor<2>,
    /// `[output, rank]`.
    up: Tensor<2>,
}

impl Change {
    /// Several as one, of the sum of their ranks.
    pub(super) fn together(changes: Vec<Self>) -> Option<LowRank> {
        let (downs, ups): (Vec<_>, Vec<_>) =
            changes.into_iter().map(|change| (change.down, change.up)).unzip();
        (!downs.is_empty()).then(|| LowRank::new(Tensor::cat(downs, 0), Tensor::cat(ups, 1), 1.0))
    }
}

fn locate(path: &Path) -> Result<PathBuf, LoraError> {
    let missing = || LoraError::Missing { path: path.to_owned() };
    if !path.is_dir() {
        return if path.exists() { Ok(path.to_owned()) } else { Err(missing()) };
    }
    if let Some(file) = USUAL.iter().map(|name| path.join(name)).find(|file| file.is_file()) {
        return Ok(file);
    }
    let files = path.read_dir().map_err(|source| LoraError::Read { path: path.to_owned(), source })?;
    let files = files.filter_map(|file| Some(file.ok()?.path()));
    let mut files = files.filter(|file| file.to_string_lossy().ends_with(ENDING));
    match (files.next(), files.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(missing()),
    }
}

/// Sorts the tensors of a file by layers.
fn held(archive: &Archive) -> Result<BTreeMap<String, Held<'_>>, LoraError> {
    let mut layers = BTreeMap::<String, Held<'_>>::new();
    for (name, entry) in archive.tensors() {
        let path = || entry.file().to_owned();
        let tensor = || name.to_owned();
        if is_of_language_model(name) {
            return Err(LoraError::LanguageModel { path: path(), tensor: tensor() });
        }
        let key = Key::parse(name).ok_or_else(|| LoraError::Key { path: path(), tensor: tensor() })?;
        entry.float()?;
        let held = layers.entry(key.layer).or_default();
        let place = match key.role {
            Role::Down => &mut held.down,
            Role::Up => &mut held.up,
            Role::Alpha => &mut held.alpha,
        };
        if let Some(first) = place.replace(entry) {
            return Err(LoraError::Twice { path: path(), first: first.name().into(), second: tensor() });
        }
    }
    Ok(layers)
}

impl Held<'_> {
    fn pair(&self, layer: &str, path: &Path, settings: &Settings) -> Result<Pair, LoraError> {
        let lacks =
            |missing| LoraError::Incomplete { path: path.to_owned(), layer: layer.to_owned(), missing };
        let down = self.down.ok_or_else(|| lacks("lora_A or lora_down"))?;
        let up = self.up.ok_or_else(|| lacks("lora_B or lora_up"))?;
        let wrong = |entry: &Entry, expected: &str| LoraError::Shape {
            path: path.to_owned(),
            tensor: entry.name().to_owned(),
            expected: expected.to_owned(),
            found: entry.shape().to_vec(),
        };
        let rank = match *down.shape() {
            [rank, _] if rank > 0 => rank,
            _ => return Err(wrong(down, "[rank, input]")),
        };
        match *up.shape() {
            [_, other] if other == rank => {}
            _ => return Err(wrong(up, &format!("[output, {rank}], the rank being that of {}", down.name()))),
        }
        let alpha = match self.alpha {
            Some(entry) if entry.parameters() == 1 => numbers(entry)?.first().map(|&alpha| alpha.into()),
            Some(entry) => return Err(wrong(entry, "one number")),
            None => None,
        };
        let scale = settings.scale(layer, alpha, rank);
        Ok(Pair { down: down.name().to_owned(), up: up.name().to_owned(), rank, scale })
    }
}

/// The numbers of a tensor, all of them finite.
fn numbers(entry: &Entry) -> Result<Vec<f32>, LoraError> {
    let bytes = entry.at_rest(DType::F32)?;
    let numbers: Vec<f32> = bytes.as_chunks().0.iter().map(|&number| f32::from_ne_bytes(number)).collect();
    match numbers.iter().find(|number| !number.is_finite()) {
        None => Ok(numbers),
        Some(&found) => Err(LoraError::NotFinite {
            path: entry.file().to_owned(),
            tensor: entry.name().to_owned(),
            found: found.into(),
        }),
    }
}
