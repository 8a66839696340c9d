//! Pictures within values. Serialised, one is a PNG, in base64 where the format is text, or a name.

use std::fmt;
use std::io::Cursor;

use base64::prelude::{BASE64_STANDARD, Engine};
use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, Limits, RgbImage};
use omnigen2_files::short;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};

/// The most pixels of a picture that is read, as of one that is opened.
const MOST_PIXELS: u64 = (1 << 29) / 3;
/// The most bytes that decoding a picture may take, beside the picture.
const MOST_BYTES: u64 = 1 << 29;

/// A picture of a request or a conversation.
///
/// ```
/// use omnigen2_pipeline::{ImageRequest, Picture, pixels::RgbImage};
///
/// let sent = r#"{"prompt": "Make it red.", "references": [{"name": "fox.png"}]}"#;
/// let mut request: ImageRequest = serde_json::from_str(sent)?;
/// assert_eq!(request.references, [Picture::Named("fox.png".into())]);
/// assert!(request.validate().is_err(), "nothing is read for a name");
/// request.resolve(|name| if name == "fox.png" { Ok(RgbImage::new(64, 64)) } else { Err("no such picture") })?;
/// request.validate()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// Its pixels.
    Pixels(RgbImage),
    /// A name, by which whoever reads the value has to find it before the value is used.
    Named(String),
}

/// A picture that was not found by its name before it was used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the picture \"{}\" is known by its name alone; give its pixels first, by `resolve`", short(name))]
pub struct UnresolvedPicture {
    /// The name.
    pub name: String,
}

impl Picture {
    /// The pixels.
    ///
    /// # Errors
    /// If there is a name alone.
    pub fn pixels(&self) -> Result<&RgbImage, UnresolvedPicture> {
        match self {
            Self::Pixels(picture) => Ok(picture),
            Self::Named(name) => Err(UnresolvedPicture { name: name.clone() }),
        }
    }

    /// Puts the pixels that `find` gives in place of a name.
    ///
    /// # Errors
    /// What `find` says.
    pub fn resolve<E>(&mut self, find: impl FnOnce(&str) -> Result<RgbImage, E>) -> Result<(), E> {
        if let Self::Named(name) = self {
            *self = Self::Pixels(find(name)?);
        }
        Ok(())
    }
}

impl From<RgbImage> for Picture {
    fn from(picture: RgbImage) -> Self {
        Self::Pixels(picture)
    }
}

impl PartialEq<RgbImage> for Picture {
    fn eq(&self, other: &RgbImage) -> bool {
        self.pixels() == Ok(other)
    }
}

/// How a name is serialised.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Name<S> {
    name: S,
}

/// Why bytes are no picture of a value.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("expected a PNG picture in base64: {0}")]
    Base64(#[from] base64::DecodeError),
    #[error("expected a PNG picture: {0}")]
    Png(#[from] ImageError),
    #[error("a picture of {0}x{1} pixels is larger than any that is read; scale it down first")]
    TooLarge(u32, u32),
}

impl Serialize for Picture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let picture = match self {
            Self::Pixels(picture) => picture,
            Self::Named(name) => return Name { name }.serialize(serializer),
        };
        let mut png = Cursor::new(Vec::new());
        let written = picture.write_to(&mut png, ImageFormat::Png);
        let (width, height) = picture.dimensions();
        written.map_err(|error| {
            let why = format_args!("a picture of {width}x{height} pixels cannot be written: {error}");
            ser::Error::custom(why)
        })?;
        if serializer.is_human_readable() {
            serializer.serialize_str(&BASE64_STANDARD.encode(png.into_inner()))
        } else {
            serializer.serialize_bytes(png.get_ref())
        }
    }
}

impl<'de> Deserialize<'de> for Picture {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Sent)
    }
}

fn decode(png: &[u8]) -> Result<RgbImage, Refusal> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_BYTES);
    let decoder = PngDecoder::with_limits(Cursor::new(png), limits)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(Refusal::TooLarge(width, height));
    }
    Ok(DynamicImage::from_decoder(decoder)?.into_rgb8())
}

struct Sent;

impl<'de> Visitor<'de> for Sent {
    type Value = Picture;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a PNG picture, in base64 where it is text, or the `name` of one")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Picture, E> {
        let png = BASE64_STANDARD.decode(text).map_err(Refusal::from);
        png.and_then(|png| decode(&png)).map(Picture::Pixels).map_err(E::custom)
    }

    fn visit_bytes<E: Error>(self, png: &[u8]) -> Result<Picture, E> {
        decode(png).map(Picture::Pixels).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Picture, A::Error> {
        let mut png = Vec::new();
        while let Some(byte) = seq.next_element()? {
            png.push(byte);
        }
        self.visit_bytes(&png)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Picture, A::Error> {
        let Name { name } = Name::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Picture::Named(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        serde_json::from_value::<Picture>(text.into()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(refused("fox.png").contains("expected a PNG picture in base64"));
        assert!(refused("AAAA").contains("expected a PNG picture: "));
        let misnamed = serde_json::json!({ "name": "fox.png", "path": "fox.png" });
        assert!(serde_json::from_value::<Picture>(misnamed).unwrap_err().to_string().contains("`path`"));
        let error = serde_json::to_string(&Picture::Pixels(RgbImage::new(0, 4))).unwrap_err().to_string();
        assert!(error.contains("0x4"), "{error}");
    }

    #[test]
    fn a_header_cannot_allocate_without_bound() {
        let mut png = Cursor::new(Vec::new());
        let mut encoder = png::Encoder::new(&mut png, 40_000, 40_000);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header().unwrap();
        let mut rows = writer.stream_writer().unwrap();
        let row = vec![0; 5_000];
        (0..40_000).for_each(|_| std::io::Write::write_all(&mut rows, &row).unwrap());
        rows.finish().unwrap();
        writer.finish().unwrap();
        let error = refused(&BASE64_STANDARD.encode(png.into_inner()));
        assert!(error.contains("40000x40000"), "{error}");
    }

    #[test]
    fn colours_of_other_pngs_become_rgb() {
        let mut png = Cursor::new(Vec::new());
        image::GrayImage::from_pixel(3, 2, image::Luma([9])).write_to(&mut png, ImageFormat::Png).unwrap();
        let picture = serde_json::from_value(BASE64_STANDARD.encode(png.into_inner()).into());
        let Picture::Pixels(picture) = picture.unwrap() else { panic!("it has pixels") };
        assert_eq!((picture.dimensions(), picture.get_pixel(2, 1).0), ((3, 2), [9; 3]));
    }
}
