use super::{Size, output_size, vae_size};
use crate::Result;
use crate::values::ImageRequest;

/// The sizes of a request's pictures.
pub(crate) struct Sizes {
    /// Of the references as the autoencoder sees them.
    pub(crate) references: Vec<Size>,
    /// What is drawn.
    pub(crate) drawn: Size,
    /// What the picture is given in the end.
    pub(crate) asked: Size,
}

/// Returns the sizes of a request that makes sense.
pub(crate) fn sizes(request: &ImageRequest) -> Result<Sizes> {
    request.validate()?;
    let mut references = Vec::with_capacity(request.references.len());
    for picture in &request.references {
        let (width, height) = picture.pixels()?.dimensions();
        references.push(vae_size(Size::new(width, height), &request.reference_limits)?);
    }
    let (drawn, asked) = match request.asked_size() {
        Some(asked) => (output_size(asked, request.max_pixels)?, asked),
        None => (references[0], references[0]),
    };
    Ok(Sizes { references, drawn, asked })
}
