//! Pictures on disk, with the request that made them.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::ImageRequest;
use crate::whole::beside;

/// The PNG text chunk that holds a [`Record`] as JSON.
const KEYWORD: &str = "omnigen2";

/// A text chunk may inflate to no more than this.
const MOST_BYTES: usize = 16 << 20;

/// How a picture was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this crate.
    pub version: String,
    /// The request, without its references.
    pub request: ImageRequest,
    /// The references, in order.
    pub references: Vec<ReferenceRecord>,
    /// Where the weights came from.
    pub checkpoint: String,
    /// Device, precision and the like, by name.
    pub settings: std::collections::BTreeMap<String, String>,
    /// Which of the request's pictures this is, from 0.
    pub index: usize,
}

/// A reference picture, by its file and what was in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceRecord {
    /// The file.
    pub path: PathBuf,
    /// [`digest`] of the picture.
    pub digest: String,
}

/// Why a picture's file could not be written, or its record not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The file could not be written.
    #[error("cannot write {}; check that its folder exists and can be written to", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system or the encoder said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file could not be read.
    #[error("cannot read {}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no PNG.
    #[error("{} is no PNG picture, and only those keep how they were made", path.display())]
    NotPng {
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        source: png::DecodingError,
    },
    /// The picture says nothing about how it was made.
    #[error("{} does not say how it was made: it was not written by this program, or was saved again by another", path.display())]
    NoRecord {
        /// The file.
        path: PathBuf,
    },
    /// The record cannot be understood.
    #[error("{} says in a way that cannot be understood how it was made; was it made by a newer version?", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where it breaks off.
        source: serde_json::Error,
    },
}

/// Writes a PNG with its record. The file appears whole or not at all.
///
/// # Errors
/// If it cannot be written.
pub fn save(path: impl AsRef<Path>, picture: &RgbImage, record: &Record) -> Result<(), MetadataError> {
    let path = path.as_ref();
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| MetadataError::Write {
        path: path.to_owned(),
        source,
    };
    let mut file = beside(path).map_err(|e| failed(e.into()))?;
    encode(BufWriter::new(file.as_file_mut()), picture, record).map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error.into()))?;
    Ok(())
}

/// How a picture was made, from its PNG.
///
/// # Errors
/// If it cannot be read or says nothing.
pub fn read(path: impl AsRef<Path>) -> Result<Record, MetadataError> {
    let path = path.as_ref();
    let file = File::open(path).map_err(|source| MetadataError::Read { path: path.into(), source })?;
    let limits = png::Limits { bytes: MOST_BYTES };
    let decoder = png::Decoder::new_with_limits(BufReader::new(file), limits);
    let not_png = |source| MetadataError::NotPng { path: path.into(), source };
    let reader = decoder.read_info().map_err(not_png)?;
    let chunk = reader.info().utf8_text.iter().find(|chunk| chunk.keyword == KEYWORD);
    let chunk = chunk.ok_or_else(|| MetadataError::NoRecord { path: path.into() })?;
    let text = chunk.get_text().map_err(not_png)?;
    serde_json::from_str(&text).map_err(|source| MetadataError::Corrupt { path: path.into(), source })
}

/// FNV-1a of a picture's size and pixels: tells whether a file still holds the same picture.
pub fn digest(picture: &RgbImage) -> String {
    let (width, height) = picture.dimensions();
    let size = width.to_le_bytes().into_iter().chain(height.to_le_bytes());
    let bytes = size.chain(picture.as_raw().iter().copied());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn encode(
    mut writer: impl Write,
    picture: &RgbImage,
    record: &Record,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut encoder = png::Encoder::new(&mut writer, picture.width(), picture.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.add_itxt_chunk(KEYWORD.into(), serde_json::to_string(record)?)?;
    let mut encoder = encoder.write_header()?;
    encoder.write_image_data(picture.as_raw())?;
    encoder.finish()?;
    writer.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            version: "1.2.3".into(),
            request: ImageRequest::new("把背景换成教室\n\"quoted\"").seed(u64::MAX),
            references: vec![ReferenceRecord { path: "fox.png".into(), digest: "00ff".into() }],
            checkpoint: "somewhere".into(),
            settings: [("device".into(), "flex".into())].into(),
            index: 1,
        }
    }

    #[test]
    fn a_record_survives_its_picture() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture.png");
        let picture = RgbImage::from_fn(5, 3, |x, y| image::Rgb([x as u8, y as u8, 7]));
        save(&path, &picture, &record()).unwrap();
        assert_eq!(read(&path).unwrap(), record());
        assert_eq!(image::open(&path).unwrap().to_rgb8(), picture);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_read_or_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let picture = RgbImage::new(2, 2);
        let nowhere = folder.path().join("no/such/folder/a.png");
        assert!(matches!(save(&nowhere, &picture, &record()), Err(MetadataError::Write { .. })));
        let plain = folder.path().join("plain.png");
        picture.save(&plain).unwrap();
        assert!(matches!(read(&plain), Err(MetadataError::NoRecord { .. })));
        let text = folder.path().join("text.png");
        std::fs::write(&text, "not a picture").unwrap();
        assert!(matches!(read(&text), Err(MetadataError::NotPng { .. })));
        assert!(matches!(read(folder.path().join("none.png")), Err(MetadataError::Read { .. })));
    }

    #[test]
    fn a_digest_tells_pictures_apart() {
        let (wide, tall) = (RgbImage::new(4, 2), RgbImage::new(2, 4));
        assert_ne!(digest(&wide), digest(&tall));
        let mut dotted = wide.clone();
        dotted.put_pixel(3, 1, image::Rgb([0, 0, 1]));
        assert_ne!(digest(&wide), digest(&dotted));
        assert_eq!(digest(&wide), digest(&wide.clone()));
    }
}
