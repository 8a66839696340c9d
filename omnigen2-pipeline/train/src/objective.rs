use std::hash::{DefaultHasher, Hash, Hasher};

use burn::prelude::*;
use burn::tensor::FloatDType;
use image::RgbImage;
use omnigen2_dit::FlowBatch;
use omnigen2_mllm::{BatchFeatures, Input, Mllm, TargetToken};
use omnigen2_rope::Grid;
use omnigen2_vae::{Pixels, Vae};
use omnigen2_vit::Vit;

use super::TrainError;
use super::cache::Cache;
use super::error::Result;
use super::example::{Example, Output};
use super::language::Language;
use super::networks::Networks;
use super::pictures::{edges, planes};
use super::random::Generator;
use super::recipe::{Examples, Part, Recipe, Weights};
use super::times::TimeSampling;
use omnigen2_pipeline::Checkpoint;
use omnigen2_pipeline::device::is_cpu;
use omnigen2_pipeline::pixels::for_vit;
use omnigen2_pipeline::weights::Storage;

/// Replies are learnt from together if they differ by fewer tokens.
const ALIKE: usize = 16;

/// The loss of examples: what networks that learn are asked, with those that do not learn to help them.
#[derive(Debug)]
pub struct Objective {
    device: Device,
    learn: Vec<Part>,
    weights: Weights,
    times: TimeSampling,
    /// None, if only an autoencoder learns.
    language: Option<Language>,
    helpers: Helpers,
    /// None, if no example comes twice.
    known: Option<Known>,
}

/// What the helpers made of prompts, by their tokens, and of pictures.
#[derive(Debug, Default)]
struct Known {
    texts: Cache<Vec<u32>>,
    latents: Cache<Fingerprint>,
}

/// The size of a picture and a hash of its pixels.
type Fingerprint = (u32, u32, u64);

/// Networks that do not learn, off autodiff.
#[derive(Debug, Default)]
struct Helpers {
    vae: Option<Vae>,
    mllm: Option<Mllm>,
    vit: Option<Vit>,
}

/// What the examples of one batch have in common: the sizes of their pictures, and how many tokens they have, up to
/// [`ALIKE`] where they have a reply.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pictures: Vec<[u32; 2]>,
    target: Option<[u32; 2]>,
    tokens: usize,
}

impl Objective {
    /// Builds the objective of a recipe.
    ///
    /// # Errors
    /// If the checkpoint lacks what it needs.
    pub fn of(recipe: &Recipe, checkpoint: &Checkpoint, device: &Device) -> Result<Self> {
        let learns = |part| recipe.learn.contains(&part);
        let plain = device.clone().inner();
        let storage = Storage::F32;
        let draws = learns(Part::Transformer);
        let reads = draws || learns(Part::Mllm) || learns(Part::Vit);
        let mut helpers = Helpers::default();
        if draws {
            helpers.vae = Some(checkpoint.load_vae(&plain, storage)?);
        }
        if reads && !learns(Part::Mllm) {
            helpers.mllm = Some(checkpoint.load_mllm(&plain, storage)?);
        }
        if !draws && learns(Part::Mllm) && !learns(Part::Vit) {
            helpers.vit = Some(checkpoint.load_vit(&plain, storage)?);
        }
        Ok(Self {
            device: device.clone(),
            learn: recipe.learn.clone(),
            weights: recipe.weights,
            times: recipe.times,
            language: reads.then(|| Language::of(checkpoint)).transpose()?,
            helpers,
            known: matches!(recipe.examples, Examples::File(_)).then(Known::default),
        })
    }

    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    pub(crate) fn is_on_cpu(&self) -> bool {
        is_cpu(&self.device.clone().inner())
    }

    pub(crate) fn key(&self, example: &Example) -> Result<Key> {
        let size = |picture: &RgbImage| [picture.width(), picture.height()];
        if self.learn.contains(&Part::Vae) {
            let target = Some(size(drawn(example)?));
            return Ok(Key { pictures: Vec::new(), target, tokens: 0 });
        }
        let pictures = example.pictures.iter().map(size).collect();
        match &example.output {
            Output::Picture(target) => {
                let tokens = self.language()?.prompt(&example.instruction)?.len();
                Ok(Key { pictures, target: Some(size(target)), tokens })
            }
            Output::Text(reply) => {
                let language = self.language()?;
                let tokens = language.asked(example)?.len() + language.reply(reply)?.len();
                Ok(Key { pictures, target: None, tokens: tokens.next_multiple_of(ALIKE) })
            }
        }
    }

    /// The mean loss of examples of one key, `[1]`.
    pub(crate) fn loss(
        &self,
        networks: &Networks,
        batch: &[Example],
        random: &mut Generator,
    ) -> Result<Tensor<1>> {
        let first = batch.first().ok_or(TrainError::NoExamples { seen: 0 })?;
        match (&networks.vae, &networks.transformer, &first.output) {
            (Some(vae), ..) => self.compress(vae, batch, random),
            (None, Some(_), Output::Picture(_)) => self.draw(networks, batch, random),
            (None, _, Output::Text(_)) => self.talk(networks, batch),
            (None, None, Output::Picture(_)) => Err(unfit("a picture to draw, but no transformer learns")),
        }
    }

    fn compress(&self, vae: &Vae, batch: &[Example], random: &mut Generator) -> Result<Tensor<1>> {
        let pictures = batch.iter().map(drawn).collect::<Result<Vec<_>>>()?;
        let images = planes(&pictures, &self.device);
        let posterior = vae.encode(images.clone());
        let weights = edges(images.clone()) * self.weights.edges + 1.0;
        let noise = random.noise(posterior.mean().dims(), &self.device);
        let loss = vae.loss(&posterior, Pixels { values: images, weights }, noise);
        Ok(loss.reconstruction + loss.divergence * self.weights.divergence)
    }

    fn draw(&self, networks: &Networks, batch: &[Example], random: &mut Generator) -> Result<Tensor<1>> {
        let dit = networks.transformer.as_ref().ok_or_else(|| unfit("there is no transformer"))?;
        let is_silent = random.uniform() < self.weights.prompt_dropout;
        let is_blind = is_silent && random.uniform() < self.weights.reference_dropout;
        let prompt =
            |example: &Example| self.language()?.prompt(if is_silent { "" } else { &example.instruction });
        let rows = batch.iter().map(prompt).collect::<Result<Vec<_>>>()?;
        let text = self.features(networks, &rows)?;
        let latents = self.latents(&batch.iter().map(drawn).collect::<Result<Vec<_>>>()?)?;
        let shown = if is_blind { 0 } else { batch[0].pictures.len() };
        let references = (0..shown).map(|i| {
            let pictures: Vec<&RgbImage> = batch.iter().map(|example| &example.pictures[i]).collect();
            self.latents(&pictures)
        });
        let references = references.collect::<Result<Vec<_>>>()?;
        let [_, _, height, width] = latents.dims();
        let patch = dit.config().patch_size;
        let patches = height / patch * (width / patch);
        let times = batch.iter().map(|_| self.times.draw(patches, random)).collect();
        let noise = random.noise(latents.dims(), &self.device);
        dit.flow_loss(FlowBatch { latents, noise, times, text, references }).map_err(TrainError::from)
    }

    fn talk(&self, networks: &Networks, batch: &[Example]) -> Result<Tensor<1>> {
        let language = self.language()?;
        let mut rows = Vec::with_capacity(batch.len());
        let mut replies = Vec::new();
        for (row, example) in batch.iter().enumerate() {
            let Output::Text(reply) = &example.output else {
                return Err(unfit("a picture in a batch of replies"));
            };
            let (mut ids, reply) = (language.asked(example)?, language.reply(reply)?);
            let places = ids.len()..;
            replies.extend(places.zip(&reply).map(|(place, &id)| TargetToken { row, place, id }));
            ids.extend(reply);
            rows.push(ids);
        }
        // What fills up the shorter ones stands behind all that is learnt, and is not seen from there.
        let (longest, filler) = (rows.iter().map(Vec::len).max().unwrap_or_default(), language.filler()?);
        rows.iter_mut().for_each(|row| row.resize(longest, filler));
        let images = (0..batch[0].pictures.len()).map(|i| self.look(networks, batch, i));
        let images = images.collect::<Result<Vec<_>>>()?;
        let mllm = networks.mllm.as_ref().ok_or_else(|| unfit("a reply, but no language model learns"))?;
        let input = Input::aligned(mllm, &rows, &images, FloatDType::F32)?;
        Ok(mllm.token_loss(mllm.hidden(&input), &replies))
    }

    fn language(&self) -> Result<&Language> {
        self.language.as_ref().ok_or_else(|| unfit("an autoencoder learns from pictures alone"))
    }

    /// What the transformer is conditioned on.
    fn features(&self, networks: &Networks, rows: &[Vec<u32>]) -> Result<Tensor<3>> {
        let read = |mllm: &Mllm, rows: &[Vec<u32>]| -> Result<Tensor<3>> {
            Ok(mllm.hidden(&Input::aligned(mllm, rows, &[], FloatDType::F32)?))
        };
        match (&networks.mllm, &self.helpers.mllm, &self.known) {
            (Some(mllm), ..) => read(mllm, rows),
            (None, Some(mllm), None) => Ok(read(mllm, rows)?.autodiff()),
            (None, Some(mllm), Some(known)) => {
                let device = self.device.clone().inner();
                // One by one, so that a feature does not depend on what else was in its batch.
                let one = |row: &Vec<u32>| {
                    known.texts.get(row.clone(), &device, || read(mllm, std::slice::from_ref(row)))
                };
                Ok(Tensor::cat(rows.iter().map(one).collect::<Result<Vec<_>>>()?, 0).autodiff())
            }
            (None, None, _) => Err(unfit("there is no language model")),
        }
    }

    fn latents(&self, pictures: &[&RgbImage]) -> Result<Tensor<4>> {
        let vae = self.helpers.vae.as_ref().ok_or_else(|| unfit("there is no autoencoder"))?;
        let device = self.device.clone().inner();
        let encode = |pictures: &[&RgbImage]| Ok(vae.scale(vae.encode(planes(pictures, &device)).mean()));
        let Some(known) = &self.known else { return Ok(encode(pictures)?.autodiff()) };
        let one =
            |picture: &&RgbImage| known.latents.get(fingerprint(picture), &device, || encode(&[*picture]));
        Ok(Tensor::cat(pictures.iter().map(one).collect::<Result<Vec<_>>>()?, 0).autodiff())
    }

    /// One picture of every example, as the vision tower sees it.
    fn look(&self, networks: &Networks, batch: &[Example], index: usize) -> Result<BatchFeatures> {
        let Language { limits, vit: config, .. } = self.language()?;
        let plain = self.device.clone().inner();
        let mut values = Vec::with_capacity(batch.len());
        let mut grid = Grid::new(0, 0);
        for example in batch {
            let planes = for_vit(&example.pictures[index], limits)?;
            let patches = config.patches(planes.into_tensor(&plain));
            grid = patches.grid;
            values.push(patches.values);
        }
        let values = Tensor::stack::<3>(values, 0);
        let values = match (&networks.vit, &self.helpers.vit) {
            (Some(vit), _) => vit.forward_batch(values.autodiff(), grid),
            (None, Some(vit)) => vit.forward_batch(values, grid).autodiff(),
            (None, None) => return Err(unfit("a picture to look at, but there is no vision tower")),
        };
        Ok(BatchFeatures { values, grid: grid.blocks(config.spatial_merge_size) })
    }
}

fn drawn(example: &Example) -> Result<&RgbImage> {
    match &example.output {
        Output::Picture(picture) => Ok(picture),
        Output::Text(_) => Err(unfit("it has a reply where a picture is needed")),
    }
}

fn fingerprint(picture: &RgbImage) -> Fingerprint {
    let mut hasher = DefaultHasher::new();
    picture.as_raw().hash(&mut hasher);
    (picture.width(), picture.height(), hasher.finish())
}

fn unfit(why: &str) -> TrainError {
    TrainError::Example { why: why.into() }
}
