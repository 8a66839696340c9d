//! Reads a picture back into a scene, by plain image processing.
//!
//! The background is the colour of the border. What differs from it falls into connected parts, and each part is
//! compared with drawings of all shapes, extents and textures; the one with the least squared difference of colour
//! counts, if that is small. Nothing is learnt, so nothing can be learnt to deceive it but drawing well.

mod fit;
mod ground;
mod group;
mod illegible;
mod part;
mod template;

use image::RgbImage;
use image::imageops::{FilterType, resize};

use self::ground::Ground;
pub use self::illegible::Illegible;
use self::part::Field;
use super::scene::{Background, SIDE, Scene};

/// The most parts of a picture that are compared with drawings.
const MOST_PARTS: usize = 8;

/// The parts of a picture that can be read, and those that cannot.
#[derive(Clone, Debug, PartialEq)]
pub struct InPart {
    /// The background, and the parts that are objects.
    pub scene: Scene,
    /// The parts that are no objects.
    pub illegible: Vec<Illegible>,
}

/// Reads a picture of any size, which is scaled to 64 × 64 pixels. The objects stand in no
/// order.
///
/// # Errors
/// If the border is not of one background colour, or a part is no object.
pub fn read(picture: &RgbImage) -> Result<Scene, Illegible> {
    let InPart { scene, illegible } = read_in_part(picture)?;
    illegible.into_iter().next().map_or(Ok(scene), Err)
}

/// Reads a picture of which some parts may be no objects.
///
/// # Errors
/// If the border is not of one background colour, or there are too many parts.
pub fn read_in_part(picture: &RgbImage) -> Result<InPart, Illegible> {
    let scaled;
    let picture = if picture.dimensions() == (SIDE, SIDE) {
        picture
    } else {
        scaled = resize(picture, SIDE, SIDE, FilterType::Triangle);
        &scaled
    };
    let ground = Ground::of(picture).ok_or(Illegible::Background)?;
    let field = Field::new(picture, &ground);
    let parts = field.parts.iter().filter(|part| !part.is_speck()).count();
    if parts > MOST_PARTS {
        return Err(Illegible::Crowded { parts });
    }
    let (objects, illegible) = group::objects(&field);
    Ok(InPart { scene: Scene { background: ground.background, objects }, illegible })
}

/// Reads the background of a picture.
///
/// # Errors
/// If the border is not of one background colour.
pub fn background(picture: &RgbImage) -> Result<Background, Illegible> {
    Ground::of(picture).map(|ground| ground.background).ok_or(Illegible::Background)
}
