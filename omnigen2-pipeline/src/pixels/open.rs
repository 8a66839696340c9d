use std::io::Cursor;
use std::path::Path;

use image::error::DecodingError;
use image::metadata::Orientation;
use image::{
    DynamicImage, ImageBuffer, ImageDecoder, ImageError, ImageFormat, ImageReader, ImageResult, Limits,
    Pixel, RgbImage,
};

use super::{PixelError, Size, jpeg};
use omnigen2_files::read_bounded;

/// The most bytes that a decoded picture may take.
const MOST_BYTES: u64 = 1 << 29;
/// The most pixels, which are as many bytes once they are 8-bit RGB; the limit of Pillow too.
const MOST_PIXELS: u64 = MOST_BYTES / 3;
/// The most bytes that a picture's file may have: the raw formats take a little more than their pixels.
const MOST_FILE_BYTES: u64 = 2 * MOST_BYTES;
/// The bytes of a file that is no picture which an error shows.
const SHOWN: usize = 16;

/// Opens a picture: PNG, JPEG, WebP, BMP, GIF (its first frame) or TIFF, told by its content, not its name.
///
/// The picture is turned upright as its EXIF orientation says and brought to 8-bit RGB: transparency is
/// dropped, as Pillow's `convert("RGB")` does, and of 16 bits the upper 8 are kept (of 16-bit grey too, which
/// Pillow would turn white).
///
/// # Errors
/// If the file cannot be read, is no picture, is damaged or cut off, has over 178 million pixels, or would take
/// more than 512 MiB decoded.
pub fn open(path: impl AsRef<Path>) -> Result<RgbImage, PixelError> {
    let path = path.as_ref();
    let unreadable = |source| PixelError::Read { path: path.into(), source };
    let bytes = read_bounded(path, MOST_FILE_BYTES).map_err(unreadable)?;
    decode(&bytes, path)
}

/// The picture in the contents of the file of this path.
fn decode(bytes: &[u8], path: &Path) -> Result<RgbImage, PixelError> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format();
    let mut reader = reader.map_err(|source| PixelError::Read { path: path.into(), source })?;
    let Some(format) = reader.format() else {
        return Err(PixelError::NotAPicture { path: path.into(), found: beginning(bytes) });
    };
    let failed = |source| match source {
        ImageError::Limits(_) => PixelError::TooLarge { path: path.into(), limit: MOST_BYTES, source },
        ImageError::Unsupported(_) => PixelError::Unsupported { path: path.into(), source },
        _ => PixelError::Damaged { path: path.into(), format: format!("{format:?}"), source },
    };
    reader.limits(limits());
    let decoder = reader.into_decoder().map_err(failed)?;
    let (width, height) = decoder.dimensions();
    let size = Size::new(width, height);
    if size.pixels() > MOST_PIXELS {
        return Err(PixelError::TooManyPixels { path: path.into(), size, limit: MOST_PIXELS });
    }
    if format == ImageFormat::Jpeg && !jpeg::is_whole(bytes) {
        let cut = DecodingError::new(format.into(), "the file ends before the picture does");
        return Err(failed(ImageError::Decoding(cut)));
    }
    upright(decoder).map_err(failed)
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_BYTES);
    limits
}

fn upright(mut decoder: impl ImageDecoder) -> ImageResult<RgbImage> {
    limits().reserve(decoder.total_bytes())?;
    // A picture is worth more than a broken note about its orientation.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::ImageRgb8(to_rgb(DynamicImage::from_decoder(decoder)?));
    image.apply_orientation(orientation);
    Ok(image.into_rgb8())
}

fn to_rgb(image: DynamicImage) -> RgbImage {
    match image {
        DynamicImage::ImageLuma16(image) => upper(&image),
        DynamicImage::ImageLumaA16(image) => upper(&image),
        DynamicImage::ImageRgb16(image) => upper(&image),
        DynamicImage::ImageRgba16(image) => upper(&image),
        _ => image.into_rgb8(),
    }
}

/// The upper 8 of 16 bits, without a copy of 16 bits in between.
fn upper<P: Pixel<Subpixel = u16>>(wide: &ImageBuffer<P, Vec<u16>>) -> RgbImage {
    let mut narrow = RgbImage::new(wide.width(), wide.height());
    for (to, from) in narrow.pixels_mut().zip(wide.pixels()) {
        to.0 = from.to_rgb().0.map(|value| (value >> 8) as u8);
    }
    narrow
}

fn beginning(bytes: &[u8]) -> String {
    match &bytes[..bytes.len().min(SHOWN)] {
        [] => "it is empty".into(),
        beginning => format!("it begins with \"{}\"", beginning.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::io::Cursor;
    use std::path::PathBuf;

    use image::codecs::jpeg::JpegEncoder;
    use image::codecs::png::PngEncoder;
    use image::{ImageEncoder, Luma, Rgb, Rgba};
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    /// JPEG keeps flat colours to a few steps of 255.
    const JPEG_STEPS: u8 = 4;

    struct Folder(TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        }

        fn open(&self, name: &str, bytes: &[u8]) -> Result<RgbImage, PixelError> {
            open(self.file(name, bytes))
        }
    }

    fn gradient() -> RgbImage {
        RgbImage::from_fn(12, 8, |x, y| Rgb([20 * x as u8, 30 * y as u8, 100]))
    }

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
        encoded(&image.into(), ImageFormat::Png)
    }

    #[test]
    fn the_content_tells_the_format() {
        let folder = Folder::new();
        for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Tiff] {
            let bytes = encoded(&gradient().into(), format);
            assert_eq!(folder.open("picture.jpg", &bytes).unwrap(), gradient(), "{format:?}");
        }
        let gif = RgbImage::from_pixel(5, 4, Rgb([0, 255, 0]));
        assert_eq!(folder.open("g", &encoded(&gif.clone().into(), ImageFormat::Gif)).unwrap(), gif);
    }

    #[test]
    fn transparency_is_dropped() {
        let folder = Folder::new();
        let image = image::RgbaImage::from_pixel(2, 2, Rgba([10, 20, 30, 0]));
        assert_eq!(folder.open("a.png", &png(image)).unwrap().get_pixel(1, 1).0, [10, 20, 30]);
        let grey = image::ImageBuffer::from_pixel(2, 2, image::LumaA([77_u8, 0]));
        assert_eq!(folder.open("a.png", &png(grey)).unwrap().get_pixel(0, 0).0, [77; 3]);
    }

    #[test]
    fn of_16_bits_the_upper_8_are_kept() {
        let folder = Folder::new();
        let colour = image::ImageBuffer::from_pixel(2, 2, Rgb([0x12FF_u16, 0x8000, 0xFFFF]));
        assert_eq!(folder.open("a.png", &png(colour)).unwrap().get_pixel(0, 1).0, [0x12, 0x80, 0xFF]);
        let grey = image::ImageBuffer::from_pixel(2, 2, Luma([0x34F0_u16]));
        assert_eq!(folder.open("a.png", &png(grey)).unwrap().get_pixel(0, 1).0, [0x34; 3]);
    }

    #[test]
    fn grey_becomes_rgb() {
        let grey = image::GrayImage::from_pixel(3, 1, Luma([9]));
        assert_eq!(Folder::new().open("a", &png(grey)).unwrap().get_pixel(2, 0).0, [9; 3]);
    }

    /// A TIFF directory of one entry: orientation, a short.
    fn orientation(value: u8) -> Vec<u8> {
        let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend([value, 0, 0, 0, 0, 0, 0, 0]);
        exif
    }

    #[test]
    fn pictures_are_turned_upright() {
        let folder = Folder::new();
        let turned_right = image::imageops::rotate90(&gradient());
        let mut bytes = Vec::new();
        let mut encoder = PngEncoder::new(&mut bytes);
        encoder.set_exif_metadata(orientation(6)).unwrap();
        encoder.write_image(&gradient(), 12, 8, image::ExtendedColorType::Rgb8).unwrap();
        assert_eq!(folder.open("a.png", &bytes).unwrap(), turned_right);

        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 100);
        encoder.set_exif_metadata(orientation(6)).unwrap();
        encoder.write_image(&gradient(), 12, 8, image::ExtendedColorType::Rgb8).unwrap();
        let opened = folder.open("a.jpg", &bytes).unwrap();
        assert_eq!(opened.dimensions(), (8, 12));
        assert!(opened.iter().zip(turned_right.iter()).all(|(a, b)| a.abs_diff(*b) <= JPEG_STEPS));
    }

    #[test]
    fn a_broken_orientation_is_ignored() {
        let mut bytes = Vec::new();
        let mut encoder = PngEncoder::new(&mut bytes);
        encoder.set_exif_metadata(b"nonsense".to_vec()).unwrap();
        encoder.write_image(&gradient(), 12, 8, image::ExtendedColorType::Rgb8).unwrap();
        assert_eq!(Folder::new().open("a.png", &bytes).unwrap(), gradient());
    }

    #[test]
    fn a_missing_file_and_a_directory_are_named() {
        let folder = Folder::new();
        for path in [folder.0.path().join("nothing.png"), folder.0.path().to_path_buf()] {
            let error = open(&path).unwrap_err();
            assert!(matches!(error, PixelError::Read { .. }), "{error:?}");
            assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
        }
    }

    #[test]
    fn what_is_no_file_or_too_large_is_told_by_kind() {
        let folder = Folder::new();
        let pipe = folder.0.path().join("pipe.png");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        let large = folder.file("large.bmp", b"BM");
        std::fs::File::options().write(true).open(&large).unwrap().set_len(MOST_FILE_BYTES + 1).unwrap();
        let cases = [
            (pipe.as_path(), "it is a named pipe; expected a file"),
            (Path::new("/dev/zero"), "it is a device; expected a file"),
            (folder.0.path(), "it is a folder; expected a file"),
            (large.as_path(), "at most are read"),
        ];
        let has_pipe = made.is_ok_and(|status| status.success());
        for (path, why) in cases.into_iter().skip(usize::from(!has_pipe)).filter(|(path, _)| path.exists()) {
            let error = open(path).unwrap_err();
            assert!(matches!(error, PixelError::Read { .. }), "{error:?}");
            assert!(error.source().unwrap().to_string().contains(why), "{error:?}");
        }
    }

    #[test]
    fn text_named_png_says_what_was_found() {
        let folder = Folder::new();
        let error = folder.open("text.png", b"hello, I am only text").unwrap_err();
        assert!(matches!(error, PixelError::NotAPicture { .. }));
        let message = error.to_string();
        assert!(message.contains("text.png") && message.contains("\"hello, I am only\""), "{message}");
        assert!(message.contains("give a PNG"), "{message}");
        let message = folder.open("none.png", b"").unwrap_err().to_string();
        assert!(message.contains("it is empty"), "{message}");
    }

    #[test]
    fn a_picture_of_an_unread_kind_says_so() {
        let error = Folder::new().open("a.ppm", b"P6 1 1 255 abc").unwrap_err();
        assert!(matches!(error, PixelError::Unsupported { .. }), "{error:?}");
        assert!(error.to_string().contains("save it as PNG"), "{error}");
    }

    #[test]
    fn a_truncated_picture_is_named_with_its_format() {
        let folder = Folder::new();
        let bytes = png(gradient());
        for length in [16, 40, bytes.len() - 20] {
            let error = folder.open("cut.png", &bytes[..length]).unwrap_err();
            assert!(matches!(error, PixelError::Damaged { .. }), "{error:?}");
            assert!(error.to_string().contains("cut.png is a damaged or truncated Png file"), "{error}");
            assert!(error.source().is_some());
        }
    }

    #[test]
    fn a_header_cannot_allocate_without_bound() {
        let folder = Folder::new();
        let mut bmp = encoded(&gradient().into(), ImageFormat::Bmp);
        for side in [18, 22] {
            bmp[side..side + 4].copy_from_slice(&60_000_u32.to_le_bytes());
        }
        let gif = b"GIF89a\xFF\xFF\xFF\xFF\0\0\0,\0\0\0\0\xFF\xFF\xFF\xFF\0\x02\0;";
        for bytes in [&bmp[..], gif] {
            let error = folder.open("bomb", bytes).unwrap_err();
            let refused = matches!(error, PixelError::TooLarge { .. } | PixelError::TooManyPixels { .. });
            assert!(refused && error.to_string().contains("scale"), "{error:?}");
        }
    }

    #[test]
    fn bits_are_counted_as_the_bytes_that_they_become() {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 20_000, 20_000);
        encoder.set_depth(png::BitDepth::One);
        let mut writer = encoder.write_header().unwrap();
        writer.write_chunk(png::chunk::IDAT, b"\x78\x9c").unwrap();
        drop(writer);
        let error = Folder::new().open("bits.png", &bytes).unwrap_err();
        assert!(matches!(error, PixelError::TooManyPixels { .. }), "{error:?}");
        let message = error.to_string();
        assert!(message.contains("bits.png has 20000x20000 pixels"), "{message}");
        assert!(message.contains("at most 178956970") && message.contains("scale it down"), "{message}");
    }

    /// Photographs from common encoders: baseline and progressive, with and without subsampling, with restarts.
    fn photographs() -> Vec<Vec<u8>> {
        let baseline = encoded(&gradient().into(), ImageFormat::Jpeg);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/jpeg");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()));
        files.map(Result::unwrap).chain([baseline]).collect()
    }

    #[test]
    fn a_photograph_cut_anywhere_is_refused_and_one_with_a_tail_is_not() {
        let folder = Folder::new();
        for whole in photographs() {
            let picture = folder.open("whole.jpg", &whole).unwrap();
            for length in 3..whole.len() {
                let error = folder.open("cut.jpg", &whole[..length]).unwrap_err();
                assert!(matches!(error, PixelError::Damaged { .. }), "{length}: {error:?}");
                assert!(error.to_string().contains("cut.jpg is a damaged or truncated Jpeg file"), "{error}");
            }
            let tail = [&whole[..], b"\0\0\xFF\xD8\xFF\xE1 a second picture"].concat();
            assert_eq!(folder.open("tail.jpg", &tail).unwrap(), picture);
        }
    }

    #[test]
    fn a_cut_picture_is_refused_or_whole() {
        let folder = Folder::new();
        let formats =
            [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff];
        for format in formats {
            let bytes = encoded(&gradient().into(), format);
            let whole = folder.open("whole", &bytes).unwrap();
            for length in 0..bytes.len() {
                if let Ok(cut) = folder.open("cut", &bytes[..length]) {
                    assert_eq!(cut, whole, "{format:?}: {length} of {} bytes", bytes.len());
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]

        #[test]
        fn mutated_files_never_panic(
            format in prop::sample::select(vec![
                ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP,
                ImageFormat::Bmp, ImageFormat::Gif, ImageFormat::Tiff,
            ]),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            length in any::<prop::sample::Index>(),
            whole: bool,
        ) {
            let mut bytes = encoded(&gradient().into(), format);
            for (place, value) in changes {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            if !whole {
                bytes.truncate(length.index(bytes.len()));
            }
            let _ = Folder::new().open("mutated", &bytes);
        }
    }
}
