//! Pictures on disk, with the request that made them.

use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use image::RgbImage;
use serde::{Deserialize, Serialize, Serializer};

use crate::ImageRequest;
use omnigen2_files::{Draft, open_regular};

/// The PNG text chunk that holds a [`Record`] as JSON.
const KEYWORD: &str = "omnigen2";

/// The most bytes that a record has, packed and unpacked.
const MOST_BYTES: usize = 16 << 20;

/// The record of how a picture was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this crate.
    pub version: String,
    /// The request; its references and its conversation are not written.
    #[serde(serialize_with = "without_pictures")]
    pub request: ImageRequest,
    /// The references, in order.
    pub references: Vec<ReferenceRecord>,
    /// The source of the weights.
    pub checkpoint: String,
    /// Device, precision and the like, by name.
    pub settings: std::collections::BTreeMap<String, String>,
    /// The number of the picture among those of the request, from 0.
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

/// The reason why a picture's file could not be written, or its record not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// The file could not be written.
    #[error("cannot write {}; check that its folder exists and can be written to", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason that the system or the encoder gave.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file could not be read.
    #[error("cannot read {}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason that the system gave.
        source: std::io::Error,
    },
    /// The file is no PNG.
    #[error("{} is no PNG picture, and only those keep how they were made", path.display())]
    NotPng {
        /// The file.
        path: PathBuf,
        /// The reason that the decoder gave.
        source: png::DecodingError,
    },
    /// The record is packed, and cannot be unpacked.
    #[error("{} says how it was made in more than {limit} bytes, or in bytes that do not unpack: this program wrote it otherwise", path.display())]
    Packed {
        /// The file.
        path: PathBuf,
        /// The most bytes that a record may have.
        limit: usize,
        /// The reason that the decoder gave.
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
        /// The place where it breaks off.
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
    let mut file = Draft::beside(path).map_err(|e| failed(e.into()))?;
    encode(BufWriter::new(&mut file), picture, record).map_err(failed)?;
    file.finish().map_err(|e| failed(e.into()))?;
    Ok(())
}

/// Writes a picture and how it was made to a PNG file under the first of some names that is free, in one folder, and
/// tells which. What is there already stays.
///
/// # Errors
/// If it cannot be written, or no name is free.
pub fn create(
    names: impl IntoIterator<Item = PathBuf>,
    picture: &RgbImage,
    record: &Record,
) -> Result<PathBuf, MetadataError> {
    let mut names = names.into_iter().peekable();
    let first = names.peek().cloned().unwrap_or_default();
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| MetadataError::Write {
        path: first.clone(),
        source,
    };
    let mut file = Draft::in_folder_of(&first).map_err(|e| failed(e.into()))?;
    encode(BufWriter::new(&mut file), picture, record).map_err(failed)?;
    file.finish_first(names).map_err(|e| failed(e.into()))
}

/// Reads from a PNG how its picture was made.
///
/// # Errors
/// If it cannot be read or says nothing.
pub fn read(path: impl AsRef<Path>) -> Result<Record, MetadataError> {
    let path = path.as_ref();
    let file = open_regular(path).map_err(|source| MetadataError::Read { path: path.into(), source })?;
    let limits = png::Limits { bytes: MOST_BYTES };
    let decoder = png::Decoder::new_with_limits(BufReader::new(file), limits);
    let packed = |source| MetadataError::Packed { path: path.into(), limit: MOST_BYTES, source };
    let reader = decoder.read_info().map_err(|source| match source {
        png::DecodingError::LimitsExceeded => packed(source),
        source => MetadataError::NotPng { path: path.into(), source },
    })?;
    let chunk = reader.info().utf8_text.iter().find(|chunk| chunk.keyword == KEYWORD);
    let mut chunk = chunk.ok_or_else(|| MetadataError::NoRecord { path: path.into() })?.clone();
    chunk.decompress_text_with_limit(MOST_BYTES).map_err(packed)?;
    let text = chunk.get_text().map_err(packed)?;
    serde_json::from_str(&text).map_err(|source| MetadataError::Corrupt { path: path.into(), source })
}

/// Returns the FNV-1a hash of a picture's size and pixels, which tells whether a file still holds the same picture.
pub fn digest(picture: &RgbImage) -> String {
    let (width, height) = picture.dimensions();
    let size = width.to_le_bytes().into_iter().chain(height.to_le_bytes());
    let bytes = size.chain(picture.as_raw().iter().copied());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn without_pictures<S: Serializer>(request: &ImageRequest, serializer: S) -> Result<S::Ok, S::Error> {
    let bare = ImageRequest { references: Vec::new(), conversation: None, ..request.clone() };
    bare.serialize(serializer)
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
    use proptest::prelude::*;

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

    /// Of the versions before pictures could be part of a request.
    const OLDER: &str = r#"{"version":"0.1.0","request":{"prompt":"a fox","negative":"","size":{"width":48,
        "height":32},"count":1,"guidance":{"text":5.0,"image":2.0,"range":[0.0,1.0]},"steps":2,"solver":
        {"dpm_solver":{"order":2}},"time_shift":{"dynamic":{"base":320.0}},"step_cache":"none","seed":7,
        "max_pixels":1048576,"reference_limits":{"max_pixels":1048576,"max_side":1024},"draw_references":false,
        "max_tokens":1024},"references":[{"path":"fox.png","digest":"00ff"}],"checkpoint":"somewhere",
        "settings":{"device":"flex"},"index":0}"#;

    #[test]
    fn records_stay_as_they_are_and_hold_no_pictures() {
        let record: Record = serde_json::from_str(OLDER).unwrap();
        let older: String = OLDER.split_whitespace().collect();
        assert_eq!(
            serde_json::to_string(&record).unwrap().replace("a fox", "afox"),
            older.replace("a fox", "afox")
        );
        let request = record.request.clone().reference(RgbImage::new(2, 2));
        let request = ImageRequest { conversation: Some(crate::Conversation::new()), ..request };
        let with = Record { request, ..record.clone() };
        assert_eq!(serde_json::to_string(&with).unwrap(), serde_json::to_string(&record).unwrap());
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
        for unreadable in [&folder.path().join("none.png"), folder.path(), Path::new("/dev/zero")] {
            assert!(matches!(read(unreadable), Err(MetadataError::Read { .. })));
        }
    }

    #[test]
    fn those_who_save_at_once_get_names_of_their_own() {
        const SAVERS: usize = 8;
        const EACH: usize = 16;
        let folder = tempfile::tempdir().unwrap();
        let picture = RgbImage::new(2, 2);
        let names = || (1..).map(|number| folder.path().join(format!("{number}.png")));
        let save = || (0..EACH).map(|_| create(names(), &picture, &record()).unwrap()).collect::<Vec<_>>();
        let saved: Vec<PathBuf> = std::thread::scope(|scope| {
            let savers: Vec<_> = (0..SAVERS).map(|_| scope.spawn(save)).collect();
            savers.into_iter().flat_map(|saver| saver.join().unwrap()).collect()
        });
        assert_eq!(saved.len(), saved.iter().collect::<std::collections::BTreeSet<_>>().len());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), SAVERS * EACH);
        assert!(saved.iter().all(|path| read(path).is_ok()));
    }

    /// A PNG with a packed record of so many spaces before its JSON.
    fn packed(spaces: usize) -> Vec<u8> {
        let text = " ".repeat(spaces) + &serde_json::to_string(&record()).unwrap();
        let mut chunk = png::text_metadata::ITXtChunk::new(KEYWORD, text);
        chunk.compressed = true;
        let mut bytes = Vec::new();
        let mut writer = png::Encoder::new(&mut bytes, 1, 1).write_header().unwrap();
        writer.write_text_chunk(&chunk).unwrap();
        writer.write_image_data(&[0]).unwrap();
        drop(writer);
        bytes
    }

    #[test]
    fn a_packed_record_is_read_within_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("packed.png");
        std::fs::write(&path, packed(1000)).unwrap();
        assert_eq!(read(&path).unwrap(), record());
        std::fs::write(&path, packed(MOST_BYTES)).unwrap();
        let error = read(&path).unwrap_err();
        assert!(matches!(error, MetadataError::Packed { .. }), "{error:?}");
        assert!(error.to_string().contains("packed.png says how it was made in more than 16777216 bytes"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn mutated_records_never_panic(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            length in any::<prop::sample::Index>(),
            [is_packed, is_cut] in any::<[bool; 2]>(),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("mutated.png");
            save(&path, &RgbImage::new(2, 2), &record()).unwrap();
            let mut bytes = if is_packed { packed(0) } else { std::fs::read(&path).unwrap() };
            for (place, value) in changes {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            if is_cut {
                bytes.truncate(length.index(bytes.len()));
            }
            std::fs::write(&path, &bytes).unwrap();
            let _ = read(&path);
        }
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
