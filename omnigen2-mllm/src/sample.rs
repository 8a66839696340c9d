use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A way to choose the next token. One that was read by serde has passed [`validate`](Self::validate); what was left out
/// is as in [`greedy`](Self::greedy).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields")]
pub struct Sampling {
    /// The divisor of the logits: the higher, the more chance there is. 0 chooses the likeliest token.
    pub temperature: f64,
    /// The number of the likeliest tokens that can be chosen; 0 for all.
    pub top_k: usize,
    /// The probability that the likeliest tokens, which alone can be chosen, have together; 1 for all.
    pub top_p: f64,
    /// The penalty of tokens that were there already: their logits are divided by it if positive and multiplied if
    /// not (CTRL, arXiv 1909.05858). 1 changes nothing.
    pub repetition_penalty: f64,
}

/// What is read of a [`Sampling`], before it is checked.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    temperature: f64,
    top_k: usize,
    top_p: f64,
    repetition_penalty: f64,
}

impl Default for Fields {
    fn default() -> Self {
        let Sampling { temperature, top_k, top_p, repetition_penalty } = Sampling::greedy();
        Self { temperature, top_k, top_p, repetition_penalty }
    }
}

impl TryFrom<Fields> for Sampling {
    type Error = SamplingError;

    fn try_from(fields: Fields) -> Result<Self, SamplingError> {
        let Fields { temperature, top_k, top_p, repetition_penalty } = fields;
        let sampling = Self { temperature, top_k, top_p, repetition_penalty };
        sampling.validate().map(|()| sampling)
    }
}

/// A setting that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[error("{setting} is {found}; it must be {expected}")]
pub struct SamplingError {
    /// The name of the setting.
    pub setting: &'static str,
    /// The value that it has.
    pub found: f64,
    /// The values that it may have.
    pub expected: &'static str,
}

impl Sampling {
    /// The likeliest token, always.
    pub const fn greedy() -> Self {
        Self { temperature: 0.0, top_k: 0, top_p: 1.0, repetition_penalty: 1.0 }
    }

    /// Returns whether a token can be chosen so.
    ///
    /// # Errors
    /// Names the first setting that makes no sense.
    pub fn validate(&self) -> Result<(), SamplingError> {
        let Self { temperature, top_k: _, top_p, repetition_penalty } = *self;
        let positive = |x: f64| x.is_finite() && x > 0.0;
        let checks = [
            ("the temperature", temperature, temperature == 0.0 || positive(temperature), "0 or more"),
            ("top-p", top_p, positive(top_p) && top_p <= 1.0, "more than 0 and at most 1"),
            ("the repetition penalty", repetition_penalty, positive(repetition_penalty), "more than 0"),
        ];
        let wrong = checks.into_iter().find(|(_, _, holds, _)| !holds);
        wrong.map_or(Ok(()), |(setting, found, _, expected)| Err(SamplingError { setting, found, expected }))
    }
}

/// Chooses the tokens of one sequence. The same seed chooses the same tokens from the same logits.
///
/// ```
/// use omnigen2_mllm::{Sampler, Sampling};
///
/// let mut sampler = Sampler::new(Sampling::greedy(), 0);
/// assert_eq!(sampler.choose(&[0.5, 2.0, 1.0]), Some(1));
/// ```
#[derive(Clone, Debug)]
pub struct Sampler {
    sampling: Sampling,
    random: Pcg64Mcg,
    /// Whether each token was there already.
    seen: Vec<bool>,
    barred: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Candidate {
    id: u32,
    logit: f64,
}

impl Sampler {
    /// A sampler whose chances come from a seed.
    pub fn new(sampling: Sampling, seed: u64) -> Self {
        Self { sampling, random: Pcg64Mcg::seed_from_u64(seed), seen: Vec::new(), barred: Vec::new() }
    }

    /// Never chooses these tokens.
    pub fn barring(self, barred: Vec<u32>) -> Self {
        Self { barred, ..self }
    }

    /// Notes tokens that were there already, for the repetition penalty. What it chooses itself it notes too.
    pub fn note(&mut self, ids: &[u32]) {
        for &id in ids {
            let id = id as usize;
            if self.seen.len() <= id {
                self.seen.resize(id + 1, false);
            }
            self.seen[id] = true;
        }
    }

    /// The next token, given the logit of each token of the vocabulary; none if a logit is NaN, or none is
    /// finite.
    pub fn choose(&mut self, logits: &[f32]) -> Option<u32> {
        if logits.iter().any(|logit| logit.is_nan()) {
            return None;
        }
        let candidates = (0..).zip(logits).map(|(id, &logit)| self.candidate(id, logit));
        let candidates = candidates.filter(|candidate| candidate.logit.is_finite());
        let id = match self.sampling.temperature {
            0.0 => likeliest(candidates)?,
            _ => {
                let candidates = candidates.collect();
                self.draw(candidates)?
            }
        };
        self.note(&[id]);
        Some(id)
    }

    fn candidate(&self, id: u32, logit: f32) -> Candidate {
        let penalty = self.sampling.repetition_penalty;
        let logit = match f64::from(logit) {
            _ if self.barred.contains(&id) => f64::NEG_INFINITY,
            logit if !self.seen.get(id as usize).is_some_and(|&seen| seen) => logit,
            logit if logit > 0.0 => logit / penalty,
            logit => logit * penalty,
        };
        Candidate { id, logit }
    }

    fn draw(&mut self, mut candidates: Vec<Candidate>) -> Option<u32> {
        let Sampling { temperature, top_k, top_p, .. } = self.sampling;
        let likelier = |a: &Candidate, b: &Candidate| b.logit.total_cmp(&a.logit).then(a.id.cmp(&b.id));
        if (1..candidates.len()).contains(&top_k) {
            candidates.select_nth_unstable_by(top_k - 1, likelier);
            candidates.truncate(top_k);
        }
        candidates.sort_unstable_by(likelier);
        let most = candidates.first()?.logit;
        let weights: Vec<f64> = candidates.iter().map(|c| ((c.logit - most) / temperature).exp()).collect();
        let all: f64 = weights.iter().sum();
        let mut kept = 0.0;
        let nucleus = weights.iter().take_while(|&&weight| {
            let wanted = kept < top_p * all;
            kept += if wanted { weight } else { 0.0 };
            wanted
        });
        let nucleus = nucleus.count();
        let mut left = self.uniform() * kept;
        let chosen = weights[..nucleus].iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        Some(candidates[chosen.unwrap_or(nucleus.saturating_sub(1))].id)
    }

    /// A number in [0, 1).
    fn uniform(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The first of the likeliest.
fn likeliest(candidates: impl Iterator<Item = Candidate>) -> Option<u32> {
    candidates.reduce(|best, next| if next.logit > best.logit { next } else { best }).map(|best| best.id)
}
