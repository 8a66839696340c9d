//! Examples that a checkpoint draws itself: its own hasty pictures to criticise and to mend, as the paper's examples of
//! reflection come from the model's own pictures (arXiv 2506.18871, section 3.4).

use std::path::Path;

use image::RgbImage;
use serde_json::json;

use super::error::Result;
use super::pictures::write_png;
use super::state::file;
use omnigen2_pipeline::Critique;
use omnigen2_pipeline::files::{disk, replace};
use omnigen2_pipeline::text::question;
use omnigen2_pipeline::{Guidance, OmniGen2};
use omnigen2_shapes::{Appraisal, Examples, Goal, Task, held_out, request};

/// A picture that a checkpoint drew without guidance, and what can be learnt from it.
#[derive(Clone, Debug)]
pub struct Sketch {
    /// The prompt that was drawn.
    pub prompt: String,
    /// The picture that came of it.
    pub picture: RgbImage,
    /// The answer of a perfect critic.
    pub answer: String,
    /// The instruction that mends the picture, and the mended one; none if it is right or cannot be mended.
    pub mended: Option<(String, RgbImage)>,
}

impl Sketch {
    /// Draws the training prompt of a seed and an index in some steps. None, if nothing can be said about the picture, or
    /// it shows what is [held out](held_out) of training.
    ///
    /// # Errors
    /// If the checkpoint cannot draw.
    pub fn draw(omnigen2: &mut OmniGen2, seed: u64, index: u64, steps: usize) -> Result<Option<Self>> {
        let drawing = Examples::training(seed).drawing(Task::TextToImage, index);
        let Goal::Wish(wish) = &drawing.goal else { return Ok(None) };
        let request = request(&drawing.prompt).seed(seed.wrapping_add(index)).steps(steps);
        let request = request.guidance(Guidance::NONE);
        let picture = omnigen2.generate(&request)?.finish()?.remove(0);
        let Some(Appraisal { scene, answer, mended }) = wish.appraise(&drawing.prompt, &picture) else {
            return Ok(None);
        };
        if held_out::scene(&scene) || mended.as_ref().is_some_and(held_out::scene) {
            return Ok(None);
        }
        let mend = Critique::parse(&answer, &drawing.prompt).mend;
        let mended = mended.map(|scene| (mend, scene.render()));
        Ok(Some(Self { prompt: drawing.prompt, picture, answer, mended }))
    }

    /// Returns whether nothing is amiss.
    pub fn is_right(&self) -> bool {
        Critique::parse(&self.answer, &self.prompt).satisfied()
    }
}

/// Writes sketches into a directory as a file of examples, `examples.jsonl`, with their pictures beside it.
///
/// # Errors
/// If something cannot be written; there is no such file then.
pub fn write_sketches(sketches: impl IntoIterator<Item = Sketch>, folder: &Path) -> Result<()> {
    disk::create_folders(folder).map_err(|source| file("create", folder, source))?;
    let mut lines = String::new();
    for (index, sketch) in (0..).zip(sketches) {
        lines += &write(&sketch, folder, index)?;
    }
    let path = folder.join("examples.jsonl");
    replace(&path, lines.as_bytes()).map_err(|source| file("write", &path, source))
}

/// The lines of one sketch.
fn write(sketch: &Sketch, folder: &Path, index: u64) -> Result<String> {
    let drawn = format!("{index:06}.png");
    write_png(&folder.join(&drawn), &sketch.picture)?;
    let question = question(&sketch.prompt, 0);
    let mut lines = format!(
        "{}\n",
        json!({ "instruction": question, "input_images": [drawn], "output_text": sketch.answer })
    );
    if let Some((instruction, picture)) = &sketch.mended {
        let mended = format!("{index:06}-mended.png");
        write_png(&folder.join(&mended), picture)?;
        let line = json!({ "instruction": instruction, "input_images": [drawn], "output_image": mended });
        lines += &format!("{line}\n");
    }
    Ok(lines)
}
