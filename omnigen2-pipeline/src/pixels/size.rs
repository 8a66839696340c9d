use std::fmt::Debug;
use std::path::Path;

use serde::Deserialize;

use super::PixelError;
use crate::values::{ReferenceLimits, Size};
use omnigen2_files::read_bounded;

/// Sides of a picture for the VAE and the diffusion transformer are multiples of this many pixels: the VAE
/// shrinks by 8 and a token spans 2.
const CELL: u32 = 16;
/// The largest ratio of sides that the vision tower was given in training.
const NARROWEST: u32 = 200;
/// More pixels than any picture that can be opened has.
const MOST_PIXELS: u64 = 1 << 28;
const WIDEST_PATCH: u32 = 1 << 8;
/// The published file has some hundred.
const MOST_SETTINGS_BYTES: u64 = 1 << 20;

/// The sides that a reference image has for the VAE: scaled down to the limits, never up, and cut to
/// multiples of 16.
///
/// ```
/// use omnigen2_pipeline::pixels::{ReferenceLimits, Size, vae_size};
///
/// assert_eq!(vae_size(Size::new(1920, 1080), &ReferenceLimits::default())?, Size::new(1024, 576));
/// # Ok::<(), omnigen2_pipeline::pixels::PixelError>(())
/// ```
///
/// # Errors
/// If a side falls below 16.
pub fn vae_size(size: Size, limits: &ReferenceLimits) -> Result<Size, PixelError> {
    let longest = f64::from(size.width.max(size.height));
    scale_down(size, area_ratio(size, limits.max_pixels).min(f64::from(limits.max_side) / longest))
}

/// The sides in which a picture is drawn: those asked for, scaled down to `max_pixels`, never up, and cut to
/// multiples of 16. The drawn picture is brought to the asked size afterwards.
///
/// # Errors
/// If a side falls below 16.
pub fn output_size(asked: Size, max_pixels: u64) -> Result<Size, PixelError> {
    scale_down(asked, area_ratio(asked, max_pixels))
}

/// Both sides, changed alike.
fn each(size: Size, side: impl Fn(f64) -> f64) -> Size {
    let side = |pixels| side(f64::from(pixels)) as u32;
    Size::new(side(size.width), side(size.height))
}

fn at_least(smallest: u32, scaled: Size, original: Size) -> Result<Size, PixelError> {
    if scaled.width.min(scaled.height) < smallest {
        return Err(PixelError::TooSmall { size: original, scaled, smallest });
    }
    Ok(scaled)
}

fn area_ratio(size: Size, max_pixels: u64) -> f64 {
    (max_pixels as f64 / size.pixels() as f64).sqrt()
}

fn scale_down(size: Size, ratio: f64) -> Result<Size, PixelError> {
    let scaled = each(size, |side| (side * ratio.min(1.0)).floor());
    let whole = Size::new(scaled.width / CELL * CELL, scaled.height / CELL * CELL);
    at_least(CELL, whole, size)
}

/// The limits of an image for the vision tower; others are scaled.
///
/// Read from `preprocessor_config.json`, where `min_pixels` and `max_pixels` go before `size`'s
/// `shortest_edge` and `longest_edge`; what is missing or null takes the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Settings")]
pub struct VisionLimits {
    /// The fewest pixels.
    pub min_pixels: u64,
    /// The most pixels.
    pub max_pixels: u64,
    /// The number that each side is a multiple of: a patch's side times the patches merged along it.
    pub factor: u32,
}

impl Default for VisionLimits {
    /// Qwen2.5-VL's: 56² to 28²·16384 pixels, in multiples of 28.
    fn default() -> Self {
        Self { min_pixels: 56 * 56, max_pixels: 28 * 28 * 16_384, factor: 28 }
    }
}

impl VisionLimits {
    /// Reads `preprocessor_config.json`, given its path or that of the directory it is in.
    ///
    /// # Errors
    /// If the file is missing, or is no such file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, PixelError> {
        let path = path.as_ref();
        let path = if path.is_dir() { path.join("preprocessor_config.json") } else { path.to_path_buf() };
        let text = read_bounded(&path, MOST_SETTINGS_BYTES)
            .map_err(|source| PixelError::Read { path: path.clone(), source })?;
        serde_json::from_slice(&text).map_err(|source| PixelError::Settings { path, source })
    }
}

#[derive(Deserialize)]
struct Settings {
    min_pixels: Option<u64>,
    max_pixels: Option<u64>,
    size: Option<Edges>,
    patch_size: Option<u32>,
    merge_size: Option<u32>,
    rescale_factor: Option<f32>,
    image_mean: Option<[f32; 3]>,
    image_std: Option<[f32; 3]>,
}

#[derive(Default, Deserialize)]
struct Edges {
    shortest_edge: Option<u64>,
    longest_edge: Option<u64>,
}

impl TryFrom<Settings> for VisionLimits {
    type Error = String;

    fn try_from(settings: Settings) -> Result<Self, String> {
        let usual = Self::default();
        let edges = settings.size.unwrap_or_default();
        let min_pixels = settings.min_pixels.or(edges.shortest_edge).unwrap_or(usual.min_pixels);
        let max_pixels = settings.max_pixels.or(edges.longest_edge).unwrap_or(usual.max_pixels);
        let patch = settings.patch_size.unwrap_or(14);
        let merge = settings.merge_size.unwrap_or(2);
        for (field, side) in [("patch_size", patch), ("merge_size", merge)] {
            if !(1..=WIDEST_PATCH).contains(&side) {
                return Err(format!("{field} is {side}, expected 1 to {WIDEST_PATCH}"));
            }
        }
        only("rescale_factor", settings.rescale_factor, 1.0 / 255.0)?;
        only("image_mean", settings.image_mean, omnigen2_vit::MEAN)?;
        only("image_std", settings.image_std, omnigen2_vit::STD)?;
        let most = max_pixels.min(MOST_PIXELS);
        if min_pixels > most {
            return Err(format!("the fewest pixels are {min_pixels}, expected at most {most}"));
        }
        Ok(Self { min_pixels, max_pixels, factor: patch * merge })
    }
}

/// Refuses what the vision tower does not compute.
fn only<T: PartialEq + Debug>(field: &str, found: Option<T>, expected: T) -> Result<(), String> {
    match found {
        Some(found) if found != expected => {
            Err(format!("{field} is {found:?}, and the vision tower computes with {expected:?} alone"))
        }
        _ => Ok(()),
    }
}

/// The sides that an image has for the vision tower: the nearest multiples of the factor within the limits.
///
/// # Errors
/// If a side is below the factor, before or after scaling, or over 200 times the other.
pub fn vit_size(size: Size, limits: &VisionLimits) -> Result<Size, PixelError> {
    let smallest = limits.factor.max(1);
    at_least(smallest, size, size)?;
    let (shorter, longer) = (size.width.min(size.height), size.width.max(size.height));
    if u64::from(longer) > u64::from(shorter) * u64::from(NARROWEST) {
        return Err(PixelError::TooNarrow { size, limit: NARROWEST });
    }
    let factor = f64::from(limits.factor);
    let nearest = each(size, |side| (side / factor).round_ties_even() * factor);
    let area = size.pixels() as f64;
    let scaled = if nearest.pixels() > limits.max_pixels {
        let shrink = (area / limits.max_pixels as f64).sqrt();
        each(size, |side| (side / shrink / factor).floor() * factor)
    } else if nearest.pixels() < limits.min_pixels {
        let grow = (limits.min_pixels as f64 / area).sqrt();
        each(size, |side| (side * grow / factor).ceil() * factor)
    } else {
        nearest
    };
    at_least(smallest, scaled, size)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reference(width: u32, height: u32) -> Result<Size, PixelError> {
        vae_size(Size::new(width, height), &ReferenceLimits::default())
    }

    #[test]
    fn references_are_scaled_down_and_cut() {
        assert_eq!(reference(1024, 1024).unwrap(), Size::new(1024, 1024));
        assert_eq!(reference(100, 47).unwrap(), Size::new(96, 32));
        assert_eq!(reference(3000, 2000).unwrap(), Size::new(1024, 672));
        assert_eq!(reference(16, 16).unwrap(), Size::new(16, 16));
    }

    #[test]
    fn too_small_pictures_say_their_size_and_the_smallest() {
        let message = |width, height| reference(width, height).unwrap_err().to_string();
        assert!(message(1, 1).contains("1x1 pixels becomes 0x0 but each side needs at least 16"));
        assert!(message(20_000, 10).contains("20000x10 pixels becomes 1024x0"));
        assert!(message(0, 0).contains("0x0"));
        let error = output_size(Size::new(0, 512), 1 << 20).unwrap_err();
        assert!(matches!(error, PixelError::TooSmall { smallest: 16, .. }));
        assert!(output_size(Size::new(512, 512), 0).is_err());
    }

    #[test]
    fn output_is_asked_size_within_the_pixels() {
        assert_eq!(output_size(Size::new(1024, 1024), 1 << 20).unwrap(), Size::new(1024, 1024));
        assert_eq!(output_size(Size::new(500, 300), 1 << 20).unwrap(), Size::new(496, 288));
        assert_eq!(output_size(Size::new(2048, 1024), 1 << 20).unwrap(), Size::new(1440, 720));
    }

    #[test]
    fn vision_sides_are_the_nearest_multiples() {
        let limits = VisionLimits::default();
        assert_eq!(vit_size(Size::new(200, 130), &limits).unwrap(), Size::new(196, 140));
        assert_eq!(vit_size(Size::new(70, 98), &limits).unwrap(), Size::new(56, 112));
        assert_eq!(vit_size(Size::new(28, 28), &limits).unwrap(), Size::new(56, 56));
    }

    #[test]
    fn vision_refuses_short_and_narrow_pictures() {
        let limits = VisionLimits { max_pixels: 50_176, ..VisionLimits::default() };
        let error = vit_size(Size::new(27, 300), &limits).unwrap_err();
        assert!(matches!(error, PixelError::TooSmall { smallest: 28, .. }));
        let error = vit_size(Size::new(28 * 201, 28), &limits).unwrap_err();
        assert!(matches!(error, PixelError::TooNarrow { limit: 200, .. }));
        let error = vit_size(Size::new(28 * 150, 28), &limits).unwrap_err().to_string();
        assert!(error.contains("4200x28") && error.contains("at least 28"), "{error}");
    }

    #[test]
    fn vision_limits_are_read_in_either_spelling() {
        let read = |text| serde_json::from_str::<VisionLimits>(text);
        assert_eq!(read("{}").unwrap(), VisionLimits::default());
        let edges =
            r#"{"size": {"shortest_edge": 10, "longest_edge": 20}, "patch_size": 7, "merge_size": 3}"#;
        assert_eq!(read(edges).unwrap(), VisionLimits { min_pixels: 10, max_pixels: 20, factor: 21 });
        let both =
            r#"{"size": {"shortest_edge": 10, "longest_edge": 20}, "min_pixels": 1, "max_pixels": null}"#;
        assert_eq!(read(both).unwrap(), VisionLimits { min_pixels: 1, max_pixels: 20, factor: 28 });
    }

    #[test]
    fn other_colours_than_the_vision_tower_has_are_refused() {
        fn read(text: &str) -> Result<VisionLimits, String> {
            serde_json::from_str(text).map_err(|error| error.to_string())
        }
        let usual = r#"{"image_mean": [0.48145466, 0.4578275, 0.40821073], "rescale_factor": 0.00392156862745098,
            "image_std": [0.26862954, 0.26130258, 0.27577711]}"#;
        assert_eq!(read(usual), Ok(VisionLimits::default()));
        for (field, value) in
            [("image_mean", "[0.5, 0.5, 0.5]"), ("image_std", "[1, 1, 1]"), ("rescale_factor", "1")]
        {
            let text = format!(r#"{{"{field}": {value}}}"#);
            let error = read(&text).unwrap_err();
            assert!(error.contains(field) && error.contains("computes with"), "{error}");
        }
    }

    #[test]
    fn senseless_vision_limits_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("preprocessor_config.json");
        let error = VisionLimits::load(folder.path()).unwrap_err();
        assert!(matches!(error, PixelError::Read { .. }));
        let texts =
            ["", "[]", r#"{"patch_size": 0}"#, r#"{"min_pixels": 9, "max_pixels": 8}"#, r#"{"size": 3}"#];
        let huge = format!(r#"{{"min_pixels": {0}, "max_pixels": {0}}}"#, u64::MAX);
        for text in texts.into_iter().chain([&*huge]) {
            std::fs::write(&path, text).unwrap();
            let error = VisionLimits::load(&path).unwrap_err();
            assert!(matches!(error, PixelError::Settings { .. }), "{text}");
            assert!(error.to_string().contains("preprocessor_config.json"), "{error}");
        }
    }

    prop_compose! {
        fn any_size()(width in 0..=u32::MAX, height in 0..=u32::MAX, cut in 0_u32..32) -> Size {
            Size::new(width >> cut, height >> (31 - cut))
        }
    }

    #[test]
    fn what_is_no_size_is_named() {
        for text in ["", "64", "64x", "-1x3", "axb", "64x64x64", "4294967296x1"] {
            let error = text.parse::<Size>().unwrap_err();
            assert!(error.to_string().contains("expected WIDTHxHEIGHT"), "{error}");
        }
        assert_eq!(" 64 × 32 ".parse(), Ok(Size::new(64, 32)));
    }

    proptest! {
        #[test]
        fn sizes_are_read_as_they_are_written(size in any_size()) {
            prop_assert_eq!(size.to_string().parse(), Ok(size));
            let json = serde_json::to_string(&size).unwrap();
            prop_assert_eq!(serde_json::from_str::<Size>(&json).unwrap(), size);
        }

        #[test]
        fn reference_sides_are_cut_never_upscaled_and_within_limits(
            size in any_size(), max_pixels in 0_u64..1 << 40, cut in 0..40, max_side: u32
        ) {
            let limits = ReferenceLimits { max_pixels: max_pixels >> cut, max_side };
            for scaled in [vae_size(size, &limits), output_size(size, limits.max_pixels)].into_iter().flatten() {
                prop_assert!(scaled.width.is_multiple_of(16) && scaled.height.is_multiple_of(16));
                prop_assert!(scaled.width.min(scaled.height) >= 16);
                prop_assert!(scaled.width <= size.width && scaled.height <= size.height);
                prop_assert!(scaled.pixels() <= limits.max_pixels);
            }
            if let Ok(scaled) = vae_size(size, &limits) {
                prop_assert!(scaled.width.max(scaled.height) <= max_side);
            }
        }

        #[test]
        fn vision_sides_are_multiples_within_limits(width in 0_u32..9000, height in 0_u32..9000) {
            let limits = VisionLimits { max_pixels: 1_003_520, ..VisionLimits::default() };
            if let Ok(scaled) = vit_size(Size::new(width, height), &limits) {
                prop_assert!(scaled.width.is_multiple_of(28) && scaled.height.is_multiple_of(28));
                prop_assert!((limits.min_pixels..=limits.max_pixels).contains(&scaled.pixels()));
            }
        }
    }
}
