use burn::prelude::*;
use burn::tensor::DType;
use image::RgbImage;
use omnigen2_dit::{Branch, Branches, Guided, Integration, Schedule};
use omnigen2_rope::Grid;

use crate::noise::standard_normal;
use crate::omnigen2::{OmniGen2, Stage};
use crate::parts::{BranchCondition, Conditions};
use crate::pixels::{Planes, Size, for_vae, output_size, vae_size};
use crate::request::RequestError;
use crate::{Conversation, Error, ImageRequest, Message, Result};

type Field = Guided<Box<dyn Branches + Send>>;

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
    pipeline: &'p mut OmniGen2,
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
    /// How many steps the request has.
    pub steps: usize,
}

struct Job {
    path: Integration<Field>,
    size: Size,
}

/// What a request needs before it can be denoised.
struct Prepared {
    texts: Vec<Tensor<3>>,
    references: Vec<Tensor<4>>,
    sizes: Sizes,
}

/// The sizes of a request's pictures.
pub(crate) struct Sizes {
    /// Of the references as the autoencoder sees them.
    pub(crate) references: Vec<Size>,
    /// What is drawn.
    pub(crate) drawn: Size,
    /// What the picture is given in the end.
    pub(crate) asked: Size,
}

impl<'p> Generation<'p> {
    pub(crate) fn start(
        pipeline: &'p mut OmniGen2,
        requests: &[ImageRequest],
        noise: Option<Tensor<4>>,
    ) -> Result<Self> {
        if requests.is_empty() {
            return Err(RequestError::Empty.into());
        }
        let sizes = requests.iter().map(sizes).collect::<Result<Vec<_>>>()?;
        pipeline.admit(requests)?;
        let texts = requests.iter().map(|request| texts(pipeline, request)).collect::<Result<Vec<_>>>()?;
        let references =
            requests.iter().map(|request| references(pipeline, request)).collect::<Result<Vec<_>>>()?;
        let mut jobs = Vec::with_capacity(requests.len());
        for (((request, texts), references), sizes) in requests.iter().zip(texts).zip(references).zip(sizes) {
            let prepared = Prepared { texts, references, sizes };
            jobs.push(Job::new(pipeline, request, prepared, noise.clone())?);
        }
        Ok(Self { pipeline, jobs, current: 0 })
    }

    /// How many steps all requests have together.
    pub fn total_steps(&self) -> usize {
        self.jobs.iter().map(|job| job.path.steps()).sum()
    }

    /// What the pictures of the current request will look like, as far as it can be told now.
    ///
    /// # Errors
    /// If the autoencoder cannot be loaded or fails.
    pub fn preview(&mut self) -> Result<Vec<RgbImage>> {
        let job = &self.jobs[self.current.min(self.jobs.len() - 1)];
        let (estimate, size) = (job.path.estimate().clone(), job.size);
        let planes = self.decode(estimate, size)?;
        self.pipeline.enter(Stage::Denoiser);
        Ok(planes.iter().map(Planes::to_image).collect())
    }

    /// Takes the steps that are left and decodes the pictures, request by request.
    ///
    /// # Errors
    /// If a step or the decoding fails.
    pub fn finish(self) -> Result<Vec<RgbImage>> {
        Ok(self.finish_planes()?.iter().map(Planes::to_image).collect())
    }

    /// As [`finish`](Self::finish), in floats, about [−1, 1].
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
        self.pipeline.enter(Stage::Autoencoder);
        let mut pictures = Vec::new();
        for (latents, size) in finished {
            pictures.extend(self.decode(latents, size)?);
        }
        Ok(pictures)
    }

    /// One picture at a time, so that a batch takes no more memory than a picture.
    fn decode(&mut self, latents: Tensor<4>, size: Size) -> Result<Vec<Planes>> {
        let autoencoder = self.pipeline.autoencoder.get()?;
        let decode = |latent| planes(autoencoder.decode(latent)?, size);
        latents.split(1, 0).into_iter().map(decode).collect()
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
                    let checked = check(latent, step);
                    if checked.is_err() {
                        self.current = self.jobs.len();
                    }
                    return Some(checked.map(|()| step));
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

impl Job {
    fn new(
        pipeline: &mut OmniGen2,
        request: &ImageRequest,
        prepared: Prepared,
        noise: Option<Tensor<4>>,
    ) -> Result<Self> {
        let Prepared { texts, references, sizes: Sizes { drawn, asked, .. } } = prepared;
        pipeline.enter(Stage::Denoiser);
        let grid = Grid::new(drawn.height as usize, drawn.width as usize).blocks(pipeline.downscale);
        let denoiser = pipeline.denoiser.get()?;
        let shape = [request.count, denoiser.latent_channels(), grid.rows, grid.columns];
        let noise = match noise {
            Some(noise) if noise.dims() != shape => {
                return Err(RequestError::Noise { found: noise.dims(), expected: shape }.into());
            }
            Some(noise) => noise,
            None => {
                let values = standard_normal(request.seed, shape.iter().product());
                Tensor::from_data(TensorData::new(values, shape), (&pipeline.device, DType::F32))
            }
        };
        let most = denoiser.max_references();
        if references.len() > most {
            return Err(RequestError::References { found: references.len(), most }.into());
        }
        let count = references.len();
        let branches = request.guidance.branches(count).iter().zip(texts);
        let branches = branches
            .map(|(branch, text)| BranchCondition { text, sees_references: *branch != Branch::Negative });
        let field = denoiser.field(Conditions {
            size: grid,
            references,
            branches: branches.collect(),
            step_cache: request.step_cache,
        })?;
        let field = Guided::new(field, request.guidance, count);
        let schedule = Schedule::new(request.steps, request.time_shift, grid.cells());
        Ok(Self { path: request.solver.integrate(field, noise, schedule), size: asked })
    }
}

/// The sizes of a request that makes sense.
pub(crate) fn sizes(request: &ImageRequest) -> Result<Sizes> {
    request.validate()?;
    let mut references = Vec::with_capacity(request.references.len());
    for picture in &request.references {
        let (width, height) = picture.dimensions();
        references.push(vae_size(Size::new(width, height), &request.reference_limits)?);
    }
    let (drawn, asked) = match request.asked_size() {
        Some(asked) => (output_size(asked, request.max_pixels)?, asked),
        None => (references[0], references[0]),
    };
    Ok(Sizes { references, drawn, asked })
}

/// The text of each guidance branch.
fn texts(pipeline: &mut OmniGen2, request: &ImageRequest) -> Result<Vec<Tensor<3>>> {
    let branches = request.guidance.branches(request.references.len()).iter();
    let prompt = |branch: &Branch| match branch {
        Branch::Full => request.prompt.as_str(),
        Branch::References | Branch::Negative => request.negative.as_str(),
    };
    let read = |branch: &Branch| match (&request.conversation, branch) {
        (Some(conversation), Branch::Full) => pipeline.read_conversation(conversation),
        (Some(_), _) => pipeline.read_conversation(&Conversation::new().with(Message::user(prompt(branch)))),
        (None, _) => pipeline.read(prompt(branch), request.max_tokens),
    };
    branches.map(read).collect()
}

fn references(pipeline: &mut OmniGen2, request: &ImageRequest) -> Result<Vec<Tensor<4>>> {
    if request.references.is_empty() {
        return Ok(Vec::new());
    }
    pipeline.enter(Stage::Autoencoder);
    let device = pipeline.device.clone();
    let autoencoder = pipeline.autoencoder.get()?;
    let mut latents = Vec::with_capacity(request.references.len());
    for (picture, index) in request.references.iter().zip(1..) {
        let image = for_vae(picture, &request.reference_limits)?.into_tensor(&device).unsqueeze::<4>();
        latents.push(match request.draw_references {
            true => autoencoder.encode_drawn(image, request.seed.wrapping_add(index))?,
            false => autoencoder.encode(image)?,
        });
    }
    Ok(latents)
}

/// The one read of a step: it also waits for the device, so that progress is real.
fn check(latent: Tensor<4>, step: Step) -> Result<()> {
    let sum = latent.sum().try_into_scalar::<f32>().map_err(|e| Error::Read(format!("{e:?}")))?;
    match sum.is_finite() {
        true => Ok(()),
        false => Err(Error::NonFinite { step: step.index, steps: step.steps }),
    }
}

/// A decoded picture on the host, in the size asked for.
pub(crate) fn planes(decoded: Tensor<4>, size: Size) -> Result<Planes> {
    let [_, channels, height, width] = decoded.dims();
    let data = decoded.cast(DType::F32).try_into_data().map_err(|e| Error::Read(format!("{e:?}")))?;
    let values = data.try_into_vec::<f32>().map_err(|e| Error::Read(format!("{e:?}")))?;
    if !values.iter().all(|v| v.is_finite()) {
        return Err(Error::NonFinitePicture);
    }
    let drawn = Size::new(width as u32, height as u32);
    let planes = Planes::new(values, channels, drawn);
    Ok(if drawn == size { planes } else { planes.resize_bilinear(size) })
}
