use std::hash::{DefaultHasher, Hash, Hasher};

use burn::prelude::*;
use burn::tensor::FloatDType;
use image::RgbImage;
use omnigen2_dit::FlowBatch;
use omnigen2_mllm::{BatchFeatures, Input, Mllm, TargetToken};
use omnigen2_rope::Grid;
use omnigen2_vae::{Pixels, Vae};
use omnigen2_vit::{Vit, VitConfig};

use super::TrainError;
use super::cache::Cache;
use super::error::Result;
use super::example::{Example, Output};
use super::networks::Networks;
use super::pictures::{edges, planes};
use super::random::Numbers;
use super::recipe::{Examples, Part, Recipe, Weights};
use super::times::TimeSampling;
use omnigen2_pipeline::Checkpoint;
use omnigen2_pipeline::conversation::{Conversation, Message, Part as Said, Role};
use omnigen2_pipeline::device::is_cpu;
use omnigen2_pipeline::pixels::{Size, VisionLimits, for_vit, vit_size};
use omnigen2_pipeline::text::{PromptTokenizer, SpecialToken, conversation_prompt, expand_image_pads};
use omnigen2_pipeline::weights::Storage;

/// The most tokens of a prompt.
const MOST_TOKENS: usize = 1024;
/// Replies are learnt from together if they differ by fewer tokens.
const ALIKE: usize = 16;

/// How examples become a loss: what the networks that learn are asked, with those that do not to help them.
#[derive(Debug)]
pub struct Lesson {
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

/// What texts and pictures become before a network sees them.
#[derive(Debug)]
struct Language {
    tokenizer: PromptTokenizer,
    limits: VisionLimits,
    vit: VitConfig,
}

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

impl Lesson {
    /// The lesson of a recipe.
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
        numbers: &mut Numbers,
    ) -> Result<Tensor<1>> {
        let first = batch.first().ok_or(TrainError::NoExamples { seen: 0 })?;
        match (&networks.vae, &networks.transformer, &first.output) {
            (Some(vae), ..) => self.compress(vae, batch, numbers),
            (None, Some(_), Output::Picture(_)) => self.draw(networks, batch, numbers),
            (None, _, Output::Text(_)) => self.talk(networks, batch),
            (None, None, Output::Picture(_)) => Err(unfit("a picture to draw, but no transformer learns")),
        }
    }

    fn compress(&self, vae: &Vae, batch: &[Example], numbers: &mut Numbers) -> Result<Tensor<1>> {
        let pictures = batch.iter().map(drawn).collect::<Result<Vec<_>>>()?;
        let images = planes(&pictures, &self.device);
        let posterior = vae.encode(images.clone());
        let weights = edges(images.clone()) * self.weights.edges + 1.0;
        let noise = numbers.noise(posterior.mean().dims(), &self.device);
        let loss = vae.loss(&posterior, Pixels { values: images, weights }, noise);
        Ok(loss.reconstruction + loss.divergence * self.weights.divergence)
    }

    fn draw(&self, networks: &Networks, batch: &[Example], numbers: &mut Numbers) -> Result<Tensor<1>> {
        let dit = networks.transformer.as_ref().ok_or_else(|| unfit("there is no transformer"))?;
        let is_silent = numbers.uniform() < self.weights.prompt_dropout;
        let is_blind = is_silent && numbers.uniform() < self.weights.reference_dropout;
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
        let times = batch.iter().map(|_| self.times.draw(patches, numbers)).collect();
        let noise = numbers.noise(latents.dims(), &self.device);
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

impl Language {
    fn of(checkpoint: &Checkpoint) -> Result<Self> {
        Ok(Self {
            tokenizer: checkpoint.tokenizer()?,
            limits: checkpoint.vision_limits()?,
            vit: checkpoint.vit_config()?,
        })
    }

    fn prompt(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.tokenizer.encode_prompt(text, MOST_TOKENS)?.ids)
    }

    /// The tokens up to where the reply begins.
    fn asked(&self, example: &Example) -> Result<Vec<u32>> {
        let pictures = example.pictures.iter().cloned().map(Said::Picture);
        let parts = pictures.chain([Said::Text(example.instruction.clone())]).collect();
        let worded = conversation_prompt(&Conversation::new().with(Message { role: Role::User, parts }))?;
        let tokens = example.pictures.iter().map(|picture| {
            let size = vit_size(Size::new(picture.width(), picture.height()), &self.limits)?;
            Ok(Grid::new(size.height as usize, size.width as usize).blocks(self.vit.cell()).cells())
        });
        let tokens = tokens.collect::<Result<Vec<_>>>()?;
        Ok(self.tokenizer.encode(&expand_image_pads(&worded, &tokens)?)?)
    }

    fn filler(&self) -> Result<u32> {
        Ok(self.tokenizer.id(SpecialToken::EndOfText)?)
    }

    fn reply(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.tokenizer.encode(&format!("{text}{}", SpecialToken::TurnEnd.text()))?)
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
