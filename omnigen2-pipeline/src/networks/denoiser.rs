use burn::prelude::*;
use burn::tensor::{DType, FloatDType};
use omnigen2_dit::{Branch, Branches, Dit, DitField, Moment, PerBranch};

use crate::Result;
use crate::lora::{Adapter, attach};
use crate::parts::{Conditions, Denoiser};

/// OmniGen2's transformer, computing in its own type.
#[derive(Debug)]
pub struct DitDenoiser {
    /// Without adapters beside its weights.
    bare: Dit,
    dit: Dit,
    compute: FloatDType,
}

impl DitDenoiser {
    /// A denoiser whose activations are of the type `compute`: F32 or BF16, for F16 overflows.
    pub fn new(dit: Dit, compute: FloatDType) -> Self {
        Self { bare: dit.clone(), dit, compute }
    }
}

impl Denoiser for DitDenoiser {
    fn latent_channels(&self) -> usize {
        self.dit.config().in_channels
    }

    fn field(&self, conditions: Conditions) -> Result<Box<dyn Branches + Send>> {
        let Conditions { size, references, texts, step_caches } = conditions;
        let references: Vec<_> = references.into_iter().map(|latent| latent.cast(self.compute)).collect();
        let canvas = self.dit.canvas(size, &references)?;
        let contexts = texts.map_with_branch(|branch, text| {
            let text = text.cast(self.compute);
            match branch {
                Branch::Full | Branch::References => self.dit.prepare(text, &canvas),
                Branch::Negative => self.dit.prepare_without_references(text, &canvas),
            }
        });
        let field = DitField::new(self.dit.clone(), canvas, contexts, step_caches);
        Ok(Box::new(Computed { field, compute: self.compute }))
    }

    fn adapt(&mut self, adapters: &[Adapter]) -> Result<()> {
        self.dit = attach(self.bare.clone(), adapters)?;
        Ok(())
    }
}

/// Latents are integrated in F32 whatever the network computes in.
struct Computed {
    field: DitField,
    compute: FloatDType,
}

impl Branches for Computed {
    fn velocities(&mut self, x: Tensor<4>, at: Moment) -> PerBranch<Tensor<4>> {
        self.field.velocities(x.cast(self.compute), at).map(|velocity| velocity.cast(DType::F32))
    }

    fn unguided(&mut self, x: Tensor<4>, at: Moment) -> Tensor<4> {
        self.field.unguided(x.cast(self.compute), at).cast(DType::F32)
    }
}
