//! Pictures within serialised values: a PNG, in base64 where the format is text.

use std::fmt;
use std::io::Cursor;

use base64::prelude::{BASE64_STANDARD, Engine};
use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, Limits, RgbImage};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser};

/// The most pixels of a picture that is read, as of one that is opened.
const MOST_PIXELS: u64 = (1 << 29) / 3;
/// The most bytes that decoding a picture may take, beside the picture.
const MOST_BYTES: u64 = 1 << 29;

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

pub(crate) fn serialize<S: Serializer>(picture: &RgbImage, serializer: S) -> Result<S::Ok, S::Error> {
    let mut png = Cursor::new(Vec::new());
    let written = picture.write_to(&mut png, ImageFormat::Png);
    let (width, height) = picture.dimensions();
    written.map_err(|error| {
        ser::Error::custom(format_args!("a picture of {width}x{height} pixels cannot be written: {error}"))
    })?;
    if serializer.is_human_readable() {
        serializer.serialize_str(&BASE64_STANDARD.encode(png.into_inner()))
    } else {
        serializer.serialize_bytes(png.get_ref())
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<RgbImage, D::Error> {
    if deserializer.is_human_readable() {
        deserializer.deserialize_string(Encoded)
    } else {
        deserializer.deserialize_byte_buf(Encoded)
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

struct Encoded;

impl<'de> Visitor<'de> for Encoded {
    type Value = RgbImage;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a PNG picture, in base64 where it is text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RgbImage, E> {
        let png = BASE64_STANDARD.decode(text).map_err(Refusal::from);
        png.and_then(|png| decode(&png)).map_err(E::custom)
    }

    fn visit_bytes<E: Error>(self, png: &[u8]) -> Result<RgbImage, E> {
        decode(png).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RgbImage, A::Error> {
        let mut png = Vec::new();
        while let Some(byte) = seq.next_element()? {
            png.push(byte);
        }
        self.visit_bytes(&png)
    }
}

/// Pictures one after the other.
pub(crate) mod list {
    use super::{Deserialize, Deserializer, RgbImage, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(pictures: &[RgbImage], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(pictures.iter().map(Written))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RgbImage>, D::Error> {
        let pictures = Vec::<Read>::deserialize(deserializer)?;
        Ok(pictures.into_iter().map(|Read(picture)| picture).collect())
    }

    struct Written<'a>(&'a RgbImage);

    impl Serialize for Written<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            super::serialize(self.0, serializer)
        }
    }

    struct Read(RgbImage);

    impl<'de> Deserialize<'de> for Read {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            super::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    struct One(#[serde(with = "super")] RgbImage);

    fn refused(text: &str) -> String {
        serde_json::from_value::<One>(text.into()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert!(refused("fox.png").contains("expected a PNG picture in base64"));
        assert!(refused("AAAA").contains("expected a PNG picture: "));
        let error = serde_json::to_string(&One(RgbImage::new(0, 4))).unwrap_err().to_string();
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
        let One(picture) = serde_json::from_value(BASE64_STANDARD.encode(png.into_inner()).into()).unwrap();
        assert_eq!((picture.dimensions(), picture.get_pixel(2, 1).0), ((3, 2), [9; 3]));
    }
}
