//! Settings that belong together, by name.

use omnigen2_dit::{CachePolicy, Guidance, Solver, TimeShift};

use super::{ImageRequest, ReferenceLimits};

/// The negative prompt of the reference's example scripts.
const NEGATIVE: &str = "(((deformed))), blurry, over saturation, bad anatomy, disfigured, poorly drawn face, \
    mutation, mutated, (extra_limb), (ugly), (poorly drawn hands), fused fingers, messy drawing, \
    broken legs censor, censored, censor_bar";

/// Settings that belong together. Applied to a request, a preset replaces how it is drawn (steps, solver, time
/// shift, guidance, step cache, negative prompt and the handling of references) and leaves what is drawn.
///
/// ```
/// use omnigen2_pipeline::{ImageRequest, Preset, Solver};
///
/// let fast = Preset::named("fast").ok_or("no such preset")?;
/// let request = fast.apply(ImageRequest::new("a red fox").seed(7));
/// assert_eq!((request.steps, request.solver, request.seed), (20, Solver::DPM_SOLVER, 7));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// The name by which it is asked for.
    pub name: &'static str,
    /// The use of it, in a line.
    pub description: &'static str,
    settings: fn() -> ImageRequest,
}

const PRESETS: [Preset; 6] = [
    Preset {
        name: "reference",
        description: "the reference's example scripts, for text to image",
        settings: reference,
    },
    Preset { name: "api", description: "the defaults of the reference's Python interface", settings: api },
    Preset {
        name: "in-context",
        description: "subjects taken from reference pictures: these pull more strongly",
        settings: || pulled_by_images(reference(), 2.75),
    },
    Preset {
        name: "edit",
        description: "changes to a picture: its pull leaves room for them",
        settings: || pulled_by_images(reference(), 1.6),
    },
    Preset {
        name: "fast",
        description: "DPM-Solver++ in fewer steps, the last fifth of them without guidance",
        settings: fast,
    },
    Preset { name: "comfyui", description: "ComfyUI's workflow for OmniGen2", settings: comfyui },
];

impl Preset {
    /// Returns all presets.
    pub const fn all() -> &'static [Self] {
        &PRESETS
    }

    /// Returns the preset of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// Returns the request, drawn with these settings.
    pub fn apply(&self, request: ImageRequest) -> ImageRequest {
        ImageRequest {
            prompt: request.prompt,
            conversation: request.conversation,
            references: request.references,
            size: request.size,
            count: request.count,
            seed: request.seed,
            max_pixels: request.max_pixels,
            max_tokens: request.max_tokens,
            ..(self.settings)()
        }
    }
}

fn reference() -> ImageRequest {
    ImageRequest {
        negative: NEGATIVE.into(),
        steps: 50,
        solver: Solver::Euler,
        time_shift: TimeShift::Dynamic { base: 320.0 },
        guidance: Guidance { text: 5.0, image: 2.0, range: [0.0, 1.0] },
        step_cache: CachePolicy::None,
        ..ImageRequest::default()
    }
}

fn api() -> ImageRequest {
    let guidance = Guidance { text: 4.0, image: 1.0, range: [0.0, 1.0] };
    ImageRequest { negative: String::new(), steps: 28, guidance, ..reference() }
}

fn fast() -> ImageRequest {
    let guidance = Guidance { range: [0.0, 0.8], ..reference().guidance };
    ImageRequest { steps: 20, solver: Solver::DPM_SOLVER, guidance, ..reference() }
}

/// References have about a megapixel, whatever their shape, and the most likely latents.
fn comfyui() -> ImageRequest {
    ImageRequest {
        negative: String::new(),
        steps: 20,
        time_shift: TimeShift::Fixed(2.6),
        reference_limits: ReferenceLimits { max_pixels: 1024 * 1024, max_side: u32::MAX },
        draw_references: false,
        ..reference()
    }
}

fn pulled_by_images(request: ImageRequest, image: f64) -> ImageRequest {
    ImageRequest { guidance: Guidance { image, ..request.guidance }, ..request }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_leave_what_is_drawn_and_are_valid() {
        let asked = ImageRequest {
            prompt: "a fox".into(),
            size: Some(crate::values::Size::new(64, 32)),
            count: 3,
            seed: 9,
            max_pixels: 4096,
            max_tokens: 77,
            ..ImageRequest::default()
        };
        for preset in Preset::all() {
            let drawn = preset.apply(asked.clone());
            assert!(drawn.validate().is_ok(), "{}", preset.name);
            assert_eq!(
                (drawn.prompt.as_str(), drawn.size, drawn.count, drawn.seed),
                ("a fox", asked.size, 3, 9)
            );
            assert_eq!((drawn.max_pixels, drawn.max_tokens), (4096, 77));
            assert_eq!(Preset::named(preset.name).unwrap().description, preset.description);
        }
    }

    #[test]
    fn names_are_told_apart() {
        let mut names: Vec<_> = Preset::all().iter().map(|preset| preset.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Preset::all().len());
        assert!(Preset::named("slow").is_none());
    }
}
