use image::RgbImage;
use serde::{Deserialize, Serialize};

use crate::values::names::named;
use crate::values::{ImageRequest, Size};

/// The way in which the next round mends a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mend {
    /// It edits the picture, which stands before the references there are. Where the denoiser tells no further picture
    /// apart, the picture is drawn anew.
    #[default]
    Edit,
    /// It draws anew, with what is to be mended said behind the prompt.
    Redraw,
}

named!(Mend, { Edit => "edit", Redraw => "redraw" });

impl Mend {
    /// What to draw so that a picture of `origin` is mended as an instruction says, in which the picture has the
    /// number after those of the references.
    pub(super) fn request(
        self,
        origin: &ImageRequest,
        picture: &RgbImage,
        instruction: &str,
    ) -> ImageRequest {
        let request = ImageRequest { conversation: None, ..origin.clone() };
        let shown = request.references.len();
        match self {
            Self::Redraw => {
                let instruction = renamed(instruction, shown, "the picture", |number| number);
                ImageRequest { prompt: format!("{}\n{instruction}", request.prompt.trim_end()), ..request }
            }
            Self::Edit => {
                let prompt = match shown {
                    0 => instruction.into(),
                    _ => {
                        let instruction = renamed(instruction, shown, "<img1>", |number| number + 1);
                        format!("Edit the first image: {instruction}")
                    }
                };
                let size = Some(Size::new(picture.width(), picture.height()));
                let references = std::iter::once(picture.clone().into()).chain(request.references).collect();
                ImageRequest { prompt, references, size, ..request }
            }
        }
    }
}

/// The instruction with other names for the `shown` references and for the picture that came of them.
fn renamed(instruction: &str, shown: usize, picture: &str, reference: fn(usize) -> usize) -> String {
    let mut parts = instruction.split("<img");
    let mut text = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let numbered = part.split_once('>').and_then(|(number, rest)| Some((number.parse().ok()?, rest)));
        match numbered {
            Some((number, rest)) if (1..=shown).contains(&number) => {
                text += &format!("<img{}>{rest}", reference(number));
            }
            Some((number, rest)) if number == shown + 1 => text += &format!("{picture}{rest}"),
            _ => text += &format!("<img{part}"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_have_the_numbers_of_the_next_round() {
        let origin = ImageRequest::new("<img2> on <img1>")
            .reference(RgbImage::new(16, 16))
            .reference(RgbImage::new(16, 16));
        let said = "Give <img3> the hat of <img2>, not of <img1>; <img9> <imgx <img";
        let prompt = |mend: Mend| mend.request(&origin, &RgbImage::new(16, 16), said).prompt;
        let expected =
            "Edit the first image: Give <img1> the hat of <img3>, not of <img2>; <img9> <imgx <img";
        assert_eq!(prompt(Mend::Edit), expected);
        let expected =
            "<img2> on <img1>\nGive the picture the hat of <img2>, not of <img1>; <img9> <imgx <img";
        assert_eq!(prompt(Mend::Redraw), expected);
    }
}
