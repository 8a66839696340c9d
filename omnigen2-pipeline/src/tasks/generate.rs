use burn::prelude::*;
use burn::tensor::DType;
use image::RgbImage;
use omnigen2_dit::{Branch, Branches, Foreseen, Guided, Integration, PerBranch, Schedule};
use omnigen2_rope::Grid;

use super::decoded::planes;
use crate::engine::{Engine, LatentFormat, Placement, move_to};
use crate::noise::standard_normal;
use crate::parts::{Autoencoder, Conditions};
use crate::pixels::{Planes, Size, Sizes, for_vae, sizes};
use crate::values::{Conversation, ImageRequest, Message, RequestError};
use crate::{Error, Result};

type Field = Foreseen<Box<dyn Branches + Send>>;

/// Pictures being drawn: iterate for progress, drop to cancel, [`finish`](Self::finish) for the pictures.
///
/// ```
/// use burn::prelude::Device;
/// use omnigen2_pipeline::{ImageRequest, OmniGen2, pixels::Size};
///
/// # let checkpoint = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tiny-checkpoint");
/// # let mut omnigen2 = OmniGen2::load(checkpoint, &Device::flex())?;
/// # let request = ImageRequest::new("a fox").size(Size::new(32, 32)).steps(3);
/// let mut generation = omnigen2.generate(&request)?;
/// while let Some(step) = generation.next().transpose()? {
///     println!("step {} of {}", step.index, step.steps);
/// }
/// let images = generation.finish()?;
/// # Ok::<(), omnigen2_pipeline::Error>(())
/// ```
pub struct Generation<'p> {
    engine: &'p mut Engine,
    jobs: Vec<Job>,
    current: usize,
}

/// A step that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The request that it belongs to, from 0.
    pub request: usize,
    /// The step, from 1.
    pub index: usize,
    /// The number of steps of the request.
    pub steps: usize,
}

struct Job {
    path: Integration<Field>,
    size: Size,
}

/// A request that can be met: nothing was loaded or read for it yet.
struct Accepted<'r> {
    request: &'r ImageRequest,
    sizes: Sizes,
    /// The size of the latent.
    grid: Grid,
    /// The caller's own, in place of the seed's.
    noise: Option<Tensor<4>>,
}

/// What a field is conditioned on, read and encoded.
struct Prepared {
    texts: PerBranch<Tensor<3>>,
    references: Vec<Tensor<4>>,
}

impl<'p> Generation<'p> {
    pub(crate) fn start(
        engine: &'p mut Engine,
        requests: &[ImageRequest],
        noise: Option<Tensor<4>>,
    ) -> Result<Self> {
        if requests.is_empty() {
            return Err(RequestError::Empty.into());
        }
        let latents = engine.latents();
        let accept = |request| Accepted::new(request, latents, noise.clone());
        let accepted = requests.iter().map(accept).collect::<Result<Vec<_>>>()?;
        engine.admit(requests)?;
        let texts = requests.iter().map(|request| texts(engine, request)).collect::<Result<Vec<_>>>()?;
        let references =
            requests.iter().map(|request| references(engine, request)).collect::<Result<Vec<_>>>()?;
        let prepared =
            texts.into_iter().zip(references).map(|(texts, references)| Prepared { texts, references });
        let jobs =
            accepted.into_iter().zip(prepared).map(|(accepted, prepared)| accepted.job(engine, prepared));
        let jobs = jobs.collect::<Result<Vec<_>>>()?;
        Ok(Self { engine, jobs, current: 0 })
    }

    /// The number of steps that all requests have together.
    pub fn total_steps(&self) -> usize {
        self.jobs.iter().map(|job| job.path.steps()).sum()
    }

    /// The latents of the current request after the steps that are done, `[images, channels, height, width]`.
    pub fn latents(&self) -> &Tensor<4> {
        self.job().path.latent()
    }

    /// Decodes what the pictures of the current request will look like, as far as it can be told now.
    ///
    /// # Errors
    /// If the autoencoder cannot be loaded or fails.
    pub fn preview(&mut self) -> Result<Vec<RgbImage>> {
        let job = self.job();
        let (estimate, size) = (job.path.estimate().clone(), job.size);
        let estimate = move_to(estimate, &self.engine.placement().autoencoder);
        let planes = decode(self.engine.autoencoder_meanwhile()?, estimate, size)?;
        self.engine.go_on_denoising();
        Ok(planes.iter().map(Planes::to_image).collect())
    }

    /// The current request's, or the last one's when all are done.
    fn job(&self) -> &Job {
        &self.jobs[self.current.min(self.jobs.len() - 1)]
    }

    /// Takes the steps that are left and decodes the pictures, request by request.
    ///
    /// # Errors
    /// If a step or the decoding fails.
    pub fn finish(self) -> Result<Vec<RgbImage>> {
        Ok(self.finish_planes()?.iter().map(Planes::to_image).collect())
    }

    /// Takes the steps that are left and decodes the pictures as floats, about [−1, 1].
    ///
    /// # Errors
    /// If a step or the decoding fails.
    pub fn finish_planes(mut self) -> Result<Vec<Planes>> {
        for step in &mut self {
            step?;
        }
        let finished: Vec<_> = std::mem::take(&mut self.jobs)
            .into_iter()
            .map(|job| (job.path.into_latent(), job.size))
            .collect();
        let device = self.engine.placement().autoencoder.clone();
        let autoencoder = self.engine.autoencoder()?;
        let mut pictures = Vec::new();
        for (latents, size) in finished {
            pictures.extend(decode(autoencoder, move_to(latents, &device), size)?);
        }
        Ok(pictures)
    }
}

impl Iterator for Generation<'_> {
    type Item = Result<Step>;

    fn next(&mut self) -> Option<Result<Step>> {
        loop {
            let request = self.current;
            let path = &mut self.jobs.get_mut(request)?.path;
            match path.next() {
                None => self.current += 1,
                Some(latent) => {
                    let step = Step { request, index: path.done(), steps: path.steps() };
                    let checked = match is_finite(latent) {
                        Ok(true) => return Some(Ok(step)),
                        Ok(false) => Err(self.engine.non_finite(step.index, step.steps)),
                        Err(error) => Err(error),
                    };
                    self.current = self.jobs.len();
                    return Some(checked);
                }
            }
        }
    }
}

impl std::fmt::Debug for Generation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Generation")
            .field("requests", &self.jobs.len())
            .field("current", &self.current)
            .finish()
    }
}

impl<'r> Accepted<'r> {
    /// # Errors
    /// If the request makes no sense, or asks for what these latents cannot give.
    fn new(request: &'r ImageRequest, latents: LatentFormat, noise: Option<Tensor<4>>) -> Result<Self> {
        let sizes = sizes(request)?;
        let (found, most) = (request.references.len(), latents.max_references);
        if found > most {
            return Err(RequestError::References { found, most }.into());
        }
        let drawn = sizes.drawn;
        let grid = Grid::new(drawn.height as usize, drawn.width as usize).blocks(latents.downscale);
        let expected = [request.count, latents.channels, grid.rows, grid.columns];
        if let Some(found) = noise.as_ref().map(Tensor::dims)
            && found != expected
        {
            return Err(RequestError::Noise { found, expected }.into());
        }
        Ok(Self { request, sizes, grid, noise })
    }

    fn job(self, engine: &mut Engine, prepared: Prepared) -> Result<Job> {
        let Self { request, sizes, grid, noise } = self;
        let Prepared { texts, references } = prepared;
        let (channels, device) = (engine.latents().channels, engine.placement().denoiser.clone());
        let noise = match noise {
            Some(noise) => move_to(noise, &device),
            None => drawn_noise(request, [request.count, channels, grid.rows, grid.columns], &device),
        };
        let step_caches = engine.step_caches(request);
        let field = engine.denoiser()?.field(Conditions { size: grid, references, texts, step_caches })?;
        let field = Guided::new(field, request.guidance);
        let field = Foreseen::new(field, request.step_cache.foreseen_error());
        let pixels = grid.cells() * engine.latents().downscale.pow(2);
        let schedule = Schedule::new(request.steps, request.time_shift, pixels);
        Ok(Job { path: request.solver.integrate(field, noise, schedule), size: sizes.asked })
    }
}

/// Draws the noise of a request's seed.
fn drawn_noise(request: &ImageRequest, shape: [usize; 4], device: &Device) -> Tensor<4> {
    let values = standard_normal(request.seed, shape.iter().product());
    Tensor::from_data(TensorData::new(values, shape), (device, DType::F32))
}

/// The text of each guidance branch.
fn texts(engine: &mut Engine, request: &ImageRequest) -> Result<PerBranch<Tensor<3>>> {
    let branches = request.guidance.branches(request.references.len());
    let prompt = |branch: Branch| match branch {
        Branch::Full => request.prompt.as_str(),
        Branch::References | Branch::Negative => request.negative.as_str(),
    };
    let read = |branch: Branch| match (&request.conversation, branch) {
        (Some(conversation), Branch::Full) => engine.read_conversation(conversation),
        (Some(_), _) => engine.read_conversation(&Conversation::new().with(Message::user(prompt(branch)))),
        (None, _) => engine.read(prompt(branch), request.max_tokens),
    };
    branches.map(read).transpose()
}

fn references(engine: &mut Engine, request: &ImageRequest) -> Result<Vec<Tensor<4>>> {
    if request.references.is_empty() {
        return Ok(Vec::new());
    }
    let Placement { autoencoder: device, denoiser, .. } = engine.placement().clone();
    let autoencoder = engine.autoencoder()?;
    let mut latents = Vec::with_capacity(request.references.len());
    for (picture, index) in request.references.iter().zip(1..) {
        let image =
            for_vae(picture.pixels()?, &request.reference_limits)?.into_tensor(&device).unsqueeze::<4>();
        let latent = if request.draw_references {
            autoencoder.encode_drawn(image, request.seed.wrapping_add(index))?
        } else {
            autoencoder.encode(image)?
        };
        latents.push(move_to(latent, &denoiser));
    }
    Ok(latents)
}

/// Decodes one picture at a time, so that a batch takes no more memory than a picture.
fn decode(autoencoder: &dyn Autoencoder, latents: Tensor<4>, size: Size) -> Result<Vec<Planes>> {
    let decode = |latent| planes(autoencoder.decode(latent)?, size);
    latents.split(1, 0).into_iter().map(decode).collect()
}

/// The one read of a step: it also waits for the device, so that progress is real.
fn is_finite(latent: Tensor<4>) -> Result<bool> {
    let sum = latent.sum().try_into_scalar::<f32>().map_err(|e| Error::Read(format!("{e:?}")))?;
    Ok(sum.is_finite())
}
