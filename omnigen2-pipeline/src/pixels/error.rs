use std::io;
use std::path::PathBuf;

use image::ImageError;
use thiserror::Error;

use super::Size;

/// The reason why a picture could not be read or used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PixelError {
    /// A file is not there or not readable.
    #[error("cannot read {}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason that the system gave.
        source: io::Error,
    },
    /// The content of a file is no picture, whatever its name says.
    #[error("{} is not a picture: {found}; give a PNG, JPEG, WebP, BMP, GIF or TIFF file", path.display())]
    NotAPicture {
        /// The file.
        path: PathBuf,
        /// The beginning of the content.
        found: String,
    },
    /// The picture is of a kind that is not read here.
    #[error("{} is a picture of a kind that is not supported; save it as PNG or JPEG", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The reason that the decoder gave.
        source: ImageError,
    },
    /// The picture ends early or contradicts itself.
    #[error("{} is a damaged or truncated {format} file; fetch or save it again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The format that its content announces.
        format: String,
        /// The reason that the decoder gave.
        source: ImageError,
    },
    /// Decoding the picture would take too much memory.
    #[error("{} needs more than {limit} bytes to decode; scale the picture down first", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that decoding may take.
        limit: u64,
        /// The reason that the decoder gave.
        source: ImageError,
    },
    /// The picture has more pixels than are read.
    #[error("{} has {size} pixels, of which at most {limit} are read; scale it down first", path.display())]
    TooManyPixels {
        /// The file.
        path: PathBuf,
        /// The picture.
        size: Size,
        /// The most pixels.
        limit: u64,
    },
    /// A side of the picture is too short for the network.
    #[error(
        "a picture of {size} pixels becomes {scaled} but each side needs at least {smallest}; \
         use a larger or less narrow one"
    )]
    TooSmall {
        /// The picture.
        size: Size,
        /// The sides the network would get.
        scaled: Size,
        /// The shortest side that it takes.
        smallest: u32,
    },
    /// The picture is too long and narrow for the vision tower.
    #[error("a picture of {size} pixels has a side over {limit} times the other; crop it")]
    TooNarrow {
        /// The picture.
        size: Size,
        /// The largest ratio of its sides.
        limit: u32,
    },
    /// The settings of the vision tower's preprocessing make no sense.
    #[error("{} does not say how pictures are prepared; fetch the file again", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// The fault in it.
        source: serde_json::Error,
    },
}
