use burn::prelude::Device;
use burn::tensor::FloatDType;
use omnigen2_dit::StepCaches;
use omnigen2_vae::Tile;

use super::working::Networks;
use super::workload::{Looks, Workload};
use super::{Available, Memory, PartNeed, Plan, Reason, Rest, StageNeed};
use crate::Result;
use crate::checkpoint::{Checkpoint, MLLM, TRANSFORMER, VAE, VIT};
use crate::lora::Taken;
use crate::networks::usual_tile;
use crate::pixels::{Size, VisionLimits};
use crate::values::ImageRequest;
use crate::weights::Storage;
use crate::weights::is_cpu;

/// What the process takes beside weights and what networks work in.
const BASE: u64 = 128 << 20;
/// All parts together must fit into this share of what is available to be resident, unless that is asked for.
const SURE: f64 = 0.9;
/// What any machine has that draws at all.
const SMALL: u64 = 1 << 30;

/// Plans requests for one checkpoint on one device.
#[derive(Clone, Debug)]
pub(crate) struct Planner {
    checkpoint: Checkpoint,
    pub(super) device: Device,
    left: Left,
    /// None, if it follows the size of the picture.
    tile: Option<Tile>,
    pub(super) asked: Memory,
    available: Available,
    /// Those that are the checkpoint's, without adapters.
    pub(super) parts: Vec<PartNeed>,
    adapters: Taken,
    networks: Networks,
    limits: VisionLimits,
    /// None, if each request names its own.
    step_caches: Option<StepCaches>,
}

/// Where and how networks compute.
pub(crate) struct Setup {
    pub(crate) device: Device,
    pub(crate) storage: Storage,
    pub(crate) compute: FloatDType,
    pub(crate) left: Left,
}

/// The parts that are left out: what they take is not known, or is taken elsewhere.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    pub(crate) text: bool,
    pub(crate) chat: bool,
    pub(crate) vision: bool,
    pub(crate) denoiser: bool,
    pub(crate) autoencoder: bool,
}

impl Left {
    fn holds(self, part: &str) -> bool {
        match part {
            TRANSFORMER => self.denoiser,
            MLLM => self.text && self.chat,
            VIT => self.vision,
            VAE => self.autoencoder,
            _ => false,
        }
    }
}

/// What is done with a part.
struct Work {
    stage: &'static str,
    part: &'static str,
    bytes: u64,
}

impl Planner {
    /// A planner for weights that rest in a type, of usual tiles, automatic memory and what the device has.
    ///
    /// # Errors
    /// If the checkpoint's headers or configurations cannot be read, or weights cannot rest so.
    pub(crate) fn new(checkpoint: &Checkpoint, setup: Setup) -> Result<Self> {
        let Setup { device, storage, compute, left } = setup;
        let planner = Self {
            networks: Networks {
                dit: checkpoint.dit_config()?,
                mllm: checkpoint.mllm_config()?,
                vit: checkpoint.vit_config()?,
                vae: checkpoint.vae_config()?,
                compute,
                scores: !is_cpu(&device),
            },
            limits: checkpoint.vision_limits()?,
            checkpoint: checkpoint.clone(),
            tile: None,
            asked: Memory::default(),
            available: Available::on(&device),
            parts: Vec::new(),
            adapters: Taken::default(),
            device,
            left,
            step_caches: None,
        };
        planner.resting(storage)
    }

    /// With weights at rest in another type.
    ///
    /// # Errors
    /// If they cannot rest so.
    pub(super) fn resting(self, storage: Storage) -> Result<Self> {
        let parts = self.checkpoint.rests(storage, &self.device)?;
        let parts = parts.into_iter().filter(|need| !self.left.holds(need.part)).collect();
        Ok(Self { parts, ..self })
    }

    /// As if all weights could be used in their files.
    pub(super) fn in_files(mut self) -> Self {
        for need in &mut self.parts {
            need.rest = Rest { held: 0, mapped: need.rest.total() };
        }
        self
    }

    pub(crate) fn tiled(self, tile: Option<Tile>) -> Self {
        Self { tile, ..self }
    }

    pub(crate) fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    pub(crate) fn adapting(self, adapters: Taken) -> Self {
        Self { adapters, ..self }
    }

    pub(crate) fn caching(self, step_caches: Option<StepCaches>) -> Self {
        Self { step_caches, ..self }
    }

    pub(crate) fn keeping(self, asked: Memory) -> Self {
        Self { asked, ..self }
    }

    pub(crate) fn within(self, available: Available) -> Self {
        Self { available, ..self }
    }

    /// What a request takes.
    ///
    /// # Errors
    /// If it cannot be met.
    pub(crate) fn plan(&self, request: &ImageRequest) -> Result<Plan> {
        let looks = Looks { vit: &self.networks.vit, limits: &self.limits };
        let step_caches = self.step_caches.clone().unwrap_or_else(|| request.step_cache.into());
        let workload = Workload::of(request, looks, step_caches)?;
        let works = self.works(&workload);
        let most = works.iter().map(|work| work.bytes).max().unwrap_or(0);
        let parts = self.adapted();
        let together = parts.iter().map(|need| need.rest.total()).sum::<u64>() + most;
        let choice = self.choose(together);
        let drawing = parts.iter().filter(|need| works.iter().any(|work| work.part == need.part));
        let resident: Rest = drawing.map(|need| need.rest).sum();
        let stages = works.iter().map(|&Work { stage, part, bytes }| StageNeed {
            stage,
            weights: if choice.memory == Memory::Staged { rest(&parts, part) } else { resident },
            working: bytes,
        });
        let stages = stages.collect();
        let Choice { memory, reason } = choice;
        Ok(Plan { memory, reason, parts, stages, available: self.available })
    }

    /// The bytes that the usual request leaves alone; where what is available is not known, what any machine has.
    pub(crate) fn spare(&self) -> u64 {
        let peak = self.plan(&ImageRequest::default()).map_or(u64::MAX, |plan| plan.peak());
        self.available.bytes().map_or(SMALL, |bytes| bytes.saturating_sub(peak))
    }

    fn choose(&self, together: u64) -> Choice {
        let (memory, reason) = match (self.asked, self.available.bytes()) {
            (Memory::Auto, Some(bytes)) if together as f64 <= bytes as f64 * SURE => {
                (Memory::Resident, Reason::Fits(together))
            }
            (Memory::Auto, Some(_)) => (Memory::Staged, Reason::TooLarge(together)),
            (Memory::Auto, None) if together <= SMALL => (Memory::Resident, Reason::Unknown(together)),
            (Memory::Auto, None) => (Memory::Staged, Reason::Unknown(together)),
            (asked, _) => (asked, Reason::Asked),
        };
        Choice { memory, reason }
    }

    /// The parts with what adapters take beside them.
    fn adapted(&self) -> Vec<PartNeed> {
        let mut parts = self.parts.clone();
        for need in parts.iter_mut().filter(|need| need.part == TRANSFORMER) {
            let Rest { held, mapped } = need.rest;
            let copied = (mapped as f64 * self.adapters.copied) as u64;
            need.rest = Rest { held: held + copied + self.adapters.factors, mapped: mapped - copied };
        }
        parts
    }

    /// What is done, in its order, with parts that are known.
    fn works(&self, workload: &Workload) -> Vec<Work> {
        let tile =
            |size: Size| self.tile.unwrap_or_else(|| usual_tile(size.width as usize, size.height as usize));
        let networks = &self.networks;
        let work = |stage, part, bytes| Work { stage, part, bytes: bytes + BASE };
        let encoding = workload.references.iter().map(|&size| networks.encoding(size, tile(size))).max();
        let looking = (workload.patches > 0).then(|| networks.looking(workload));
        let decoding = networks.decoding(workload.drawn, workload.count, tile(workload.drawn));
        let works = [
            looking.map(|bytes| work("looking at pictures", VIT, bytes)),
            Some(work("reading the prompt", MLLM, networks.reading(workload))),
            encoding.map(|bytes| work("encoding references", VAE, bytes)),
            Some(work("denoising", TRANSFORMER, networks.denoising(workload))),
            Some(work("decoding", VAE, decoding)),
        ];
        let known = |work: &Work| self.parts.iter().any(|need| need.part == work.part);
        works.into_iter().flatten().filter(known).collect()
    }
}

fn rest(parts: &[PartNeed], part: &str) -> Rest {
    parts.iter().find(|need| need.part == part).map(|need| need.rest).unwrap_or_default()
}

struct Choice {
    memory: Memory,
    reason: Reason,
}
