//! What an image should be: a plain value.

use image::RgbImage;
use omnigen2_dit::{CachePolicy, Guidance, Solver, TimeShift};
use serde::{Deserialize, Serialize};

use super::{Conversation, Picture, ReferenceLimits, Size, UnresolvedPicture};

/// The side of a picture for which no size is asked.
const DEFAULT_SIDE: u32 = 1024;
const MOST_STEPS: usize = 1000;
const MOST_IMAGES: usize = 256;
const LONGEST_SIDE: u32 = 8192;
const MOST_TOKENS: usize = 32_768;

/// A picture to draw, to edit or to combine from others. Defaults are those of the reference's example scripts.
///
/// Serialised, it is whole: pictures are PNGs, in base64 where the format is text, or stay [names](Picture). What is left
/// out when it is read takes its default, and a field that there is not is refused.
///
/// ```
/// use omnigen2_pipeline::{ImageRequest, pixels::Size};
///
/// let request = ImageRequest::new("a red fox in fresh snow").size(Size::new(512, 384)).seed(7);
/// request.validate()?;
/// assert_eq!(request.steps, 50);
/// # Ok::<(), omnigen2_pipeline::RequestError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImageRequest {
    /// The instruction.
    pub prompt: String,
    /// The conversation that asks for the picture. Its words are what the picture is conditioned on, in place of
    /// the prompt's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<Conversation>,
    /// The text that guidance pulls away from.
    pub negative: String,
    /// Pictures to edit or to take subjects from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Picture>,
    /// The size of the picture. Without one it is that of the only reference, or 1024 by 1024.
    pub size: Option<Size>,
    /// The number of pictures to draw from one noise stream.
    pub count: usize,
    /// The pull of text and references.
    pub guidance: Guidance,
    /// The number of steps from noise to image.
    pub steps: usize,
    /// The way in which steps are taken.
    pub solver: Solver,
    /// The place of the steps between noise and image.
    pub time_shift: TimeShift,
    /// The work that is skipped between steps.
    pub step_cache: CachePolicy,
    /// The seed of the noise.
    pub seed: u64,
    /// The most pixels that are drawn; a larger picture is drawn smaller and enlarged.
    pub max_pixels: u64,
    /// The limits within which references are used; larger ones are scaled down.
    pub reference_limits: ReferenceLimits,
    /// Draws reference latents from the seed, in place of the most likely ones.
    pub draw_references: bool,
    /// The most tokens of a prompt that are read.
    pub max_tokens: usize,
}

impl Default for ImageRequest {
    fn default() -> Self {
        Self {
            prompt: String::new(),
            conversation: None,
            negative: String::new(),
            references: Vec::new(),
            size: None,
            count: 1,
            guidance: Guidance::default(),
            steps: 50,
            solver: Solver::Euler,
            time_shift: TimeShift::default(),
            step_cache: CachePolicy::None,
            seed: 0,
            max_pixels: u64::from(DEFAULT_SIDE).pow(2),
            reference_limits: ReferenceLimits::default(),
            draw_references: false,
            max_tokens: 1024,
        }
    }
}

/// A reason for which a request cannot be met. Each message names the setting, its value and what it may be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// A number is outside what makes sense.
    #[error("{setting} is {found}; it must be from {least} to {most}")]
    Range {
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: u64,
        /// The least allowed.
        least: u64,
        /// The most allowed.
        most: u64,
    },
    /// A number is not finite or negative.
    #[error("{setting} is {found}; it must be a number that is not negative")]
    NotANumber {
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: f64,
    },
    /// A number is not finite, or not above 0.
    #[error("{setting} is {found}; it must be a number over 0")]
    NotPositive {
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: f64,
    },
    /// The guidance range is not one.
    #[error("the guidance range is {from} to {to}; it must rise within 0 to 1")]
    GuidanceRange {
        /// Its beginning.
        from: f64,
        /// Its end.
        to: f64,
    },
    /// More references than the network tells apart.
    #[error("{found} reference pictures, but the network tells at most {most} apart; give fewer")]
    References {
        /// The number that was given.
        found: usize,
        /// The most that it can tell apart.
        most: usize,
    },
    /// Noise of another shape than the request's.
    #[error("noise of shape {found:?} was given, but the request draws {expected:?}")]
    Noise {
        /// The noise's shape.
        found: [usize; 4],
        /// `[images, channels, height, width]`.
        expected: [usize; 4],
    },
    /// A picture of which there is a name alone.
    #[error(transparent)]
    Picture(#[from] UnresolvedPicture),
    /// Nothing was asked for.
    #[error("an empty list of requests draws nothing")]
    Empty,
}

impl ImageRequest {
    /// Returns a request with every setting at its default.
    pub fn new(prompt: impl Into<String>) -> Self {
        Self { prompt: prompt.into(), ..Self::default() }
    }

    /// Sets the text that guidance pulls away from.
    pub fn negative(self, negative: impl Into<String>) -> Self {
        Self { negative: negative.into(), ..self }
    }

    /// Adds a picture to edit or to take a subject from.
    pub fn reference(mut self, picture: impl Into<Picture>) -> Self {
        self.references.push(picture.into());
        self
    }

    /// Sets the size of the picture.
    pub fn size(self, size: Size) -> Self {
        Self { size: Some(size), ..self }
    }

    /// Sets the number of pictures.
    pub fn count(self, count: usize) -> Self {
        Self { count, ..self }
    }

    /// Sets the pull of text and references.
    pub fn guidance(self, guidance: Guidance) -> Self {
        Self { guidance, ..self }
    }

    /// Sets the number of steps from noise to image.
    pub fn steps(self, steps: usize) -> Self {
        Self { steps, ..self }
    }

    /// Sets the way in which steps are taken.
    pub fn solver(self, solver: Solver) -> Self {
        Self { solver, ..self }
    }

    /// Sets the work that is skipped between steps.
    pub fn step_cache(self, step_cache: CachePolicy) -> Self {
        Self { step_cache, ..self }
    }

    /// Sets the seed of the noise.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Puts the pixels that `find` gives in place of all names of pictures, those of the conversation included.
    ///
    /// # Errors
    /// What `find` says of the first name.
    pub fn resolve<E>(&mut self, mut find: impl FnMut(&str) -> Result<RgbImage, E>) -> Result<(), E> {
        self.references.iter_mut().try_for_each(|picture| picture.resolve(&mut find))?;
        self.conversation.as_mut().map_or(Ok(()), |conversation| conversation.resolve(find))
    }

    /// Checks every setting that can be checked without a model.
    ///
    /// # Errors
    /// The first setting that makes no sense.
    pub fn validate(&self) -> Result<(), RequestError> {
        self.references.iter().try_for_each(|picture| picture.pixels().map(drop))?;
        self.conversation.as_ref().map_or(Ok(()), Conversation::check_pictures)?;
        within("steps", self.steps as u64, 1, MOST_STEPS as u64)?;
        within("count", self.count as u64, 1, MOST_IMAGES as u64)?;
        within("max_tokens", self.max_tokens as u64, 1, MOST_TOKENS as u64)?;
        within("max_pixels", self.max_pixels, 256, u64::from(LONGEST_SIDE).pow(2))?;
        if let Some(size) = self.size {
            within("the width", u64::from(size.width), 16, u64::from(LONGEST_SIDE))?;
            within("the height", u64::from(size.height), 16, u64::from(LONGEST_SIDE))?;
        }
        let shift = match self.time_shift {
            TimeShift::None => 1.0,
            TimeShift::Fixed(factor) => factor,
            TimeShift::Dynamic { base } => base,
        };
        let bar = match self.step_cache {
            CachePolicy::Auto { .. } => "the step cache's error",
            _ => "the step cache's threshold",
        };
        let numbers = [
            ("the text guidance", self.guidance.text),
            ("the image guidance", self.guidance.image),
            (bar, self.step_cache.bar()),
        ];
        for (setting, found) in numbers {
            if !found.is_finite() || found < 0.0 {
                return Err(RequestError::NotANumber { setting, found });
            }
        }
        if !shift.is_finite() || shift <= 0.0 {
            return Err(RequestError::NotPositive { setting: "the time shift", found: shift });
        }
        let [from, to] = self.guidance.range;
        if 0.0 <= from && from <= to && to <= 1.0 {
            Ok(())
        } else {
            Err(RequestError::GuidanceRange { from, to })
        }
    }

    /// The size that was asked for; none where it is left to the reference, of which there is exactly one then.
    pub(crate) fn asked_size(&self) -> Option<Size> {
        match (self.size, self.references.len()) {
            (Some(size), _) => Some(size),
            (None, 1) => None,
            (None, _) => Some(Size::new(DEFAULT_SIDE, DEFAULT_SIDE)),
        }
    }
}

pub(crate) fn within(setting: &'static str, found: u64, least: u64, most: u64) -> Result<(), RequestError> {
    if (least..=most).contains(&found) {
        Ok(())
    } else {
        Err(RequestError::Range { setting, found, least, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: fn(&mut ImageRequest)) -> String {
        let mut request = ImageRequest::new("a fox");
        change(&mut request);
        request.validate().unwrap_err().to_string()
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        assert!(refused(|r| r.steps = 0).contains("steps"));
        assert!(refused(|r| r.steps = 1_000_000_000).contains("1000000000"));
        assert!(refused(|r| r.count = 0).contains("count"));
        assert!(refused(|r| r.size = Some(Size::new(0, 64))).contains("width"));
        assert!(refused(|r| r.size = Some(Size::new(64, 1 << 20))).contains("height"));
        assert!(refused(|r| r.max_pixels = 0).contains("max_pixels"));
        assert!(refused(|r| r.max_tokens = 0).contains("max_tokens"));
        assert!(refused(|r| r.guidance.text = f64::NAN).contains("text guidance"));
        assert!(refused(|r| r.guidance.image = -1.0).contains("image guidance"));
        assert!(refused(|r| r.guidance.range = [0.6, 0.2]).contains("range"));
        let shift = refused(|r| r.time_shift = TimeShift::Fixed(0.0));
        assert_eq!(shift, "the time shift is 0; it must be a number over 0");
        assert!(refused(|r| r.time_shift = TimeShift::Dynamic { base: f64::NAN }).contains("over 0"));
        assert!(refused(|r| r.step_cache = CachePolicy::TeaCache { threshold: -0.1 }).contains("threshold"));
        let first_block = refused(|r| r.step_cache = CachePolicy::FirstBlock { threshold: f64::NAN });
        assert_eq!(
            first_block,
            "the step cache's threshold is NaN; it must be a number that is not negative"
        );
        assert!(refused(|r| r.step_cache = CachePolicy::MagCache { threshold: -1.0 }).contains("threshold"));
        assert!(
            refused(|r| r.step_cache = CachePolicy::Auto { error: f64::INFINITY }).contains("error is inf")
        );
    }

    #[test]
    fn a_request_survives_json_and_older_ones_take_defaults() {
        let request = ImageRequest::new("a \"fox\"\n").seed(u64::MAX).step_cache(CachePolicy::TaylorSeer);
        let json = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<ImageRequest>(&json).unwrap(), request);
        let older: ImageRequest = serde_json::from_str(r#"{"prompt": "a fox"}"#).unwrap();
        assert_eq!(older, ImageRequest::new("a fox"));
        let without = serde_json::to_value(&older).unwrap();
        assert!(without.get("references").is_none() && without.get("conversation").is_none(), "{without}");
    }

    #[test]
    fn the_size_is_left_to_the_only_reference() {
        let picture = RgbImage::new(64, 48);
        let request = ImageRequest::new("edit").reference(picture.clone());
        assert_eq!(request.asked_size(), None);
        assert_eq!(request.clone().size(Size::new(32, 32)).asked_size(), Some(Size::new(32, 32)));
        assert_eq!(request.reference(picture).asked_size(), Some(Size::new(1024, 1024)));
    }
}
