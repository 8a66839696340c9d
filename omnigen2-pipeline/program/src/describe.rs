//! `omnigen2 describe`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use omnigen2_pipeline::{Conversation, Message, ReplySettings, Turn};
use serde_json::json;

use crate::console::{print, print_piece};
use crate::drawing::{Reference, by_chance, references};
use crate::engine::EngineArgs;
use crate::failure::Failure;
use crate::speaking::SpeakingArgs;
use crate::work::Work;

const ABOUT_ONE: &str = "Please describe this image briefly.";
const ABOUT_SEVERAL: &str = "Please describe these images briefly.";
const EXTENSIONS: [&str; 9] = ["png", "jpg", "jpeg", "webp", "bmp", "gif", "tif", "tiff", "jfif"];

/// Describes pictures, or answers a question about them
///
/// The last of several arguments is the question, unless there is a file of that name or it ends as the name of a
/// picture does. The answer is printed as it comes.
#[derive(clap::Args, Debug)]
#[command(override_usage = "omnigen2 describe [OPTIONS] <IMAGE>... [QUESTION]")]
pub(crate) struct Args {
    /// Pictures, and perhaps a question about them [default: a brief description]
    #[arg(required = true, value_name = "IMAGE")]
    subjects: Vec<OsString>,
    /// Print one JSON object, with the text and the pictures, in place of text
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    speaking: SpeakingArgs,
    #[command(flatten)]
    engine: EngineArgs,
}

pub(crate) fn run(args: Args, work: Work<'_>) -> Result<(), Failure> {
    let subjects: Vec<PathBuf> = args.subjects.iter().map(PathBuf::from).collect();
    let Task { images, question } = task(&subjects);
    let origin = args.engine.origin()?;
    let pictures = references::shown(images)?;
    let message = Message::user(question);
    let message =
        pictures.iter().fold(message, |message, Reference { picture, .. }| message.picture(picture.clone()));
    let conversation = Conversation::new().with(message);
    let mut engine = origin.open(work)?;
    let seed = args.speaking.seed.unwrap_or_else(by_chance);
    let settings = args.speaking.settings(engine.omnigen2.sampling(), seed);
    let settings = ReplySettings { may_draw: false, ..settings };
    let said = |piece: &str| if args.json { Ok(()) } else { print_piece(piece) };
    let turn = work.speak(|| Ok(engine.omnigen2.chat_with(&conversation, &settings)?), said)?;
    if !args.json {
        print("")?;
    }
    work.interrupt.check()?;
    match turn {
        Turn::Text(text) if args.json => {
            let images: Vec<_> = images.iter().map(|path| path.to_string_lossy()).collect();
            print(json!({ "text": text, "images": images }))
        }
        _ => Ok(()),
    }
}

struct Task<'a> {
    images: &'a [PathBuf],
    question: String,
}

fn task(subjects: &[PathBuf]) -> Task<'_> {
    match subjects.split_last() {
        Some((question, images)) if !images.is_empty() && !is_picture(question) => {
            Task { images, question: question.to_string_lossy().into_owned() }
        }
        _ if subjects.len() == 1 => Task { images: subjects, question: ABOUT_ONE.into() },
        _ => Task { images: subjects, question: ABOUT_SEVERAL.into() },
    }
}

/// A file, or what is named like a picture, which is missed more clearly than it is asked about.
fn is_picture(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    path.is_file() || extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(subjects: &[&str]) -> (usize, String) {
        let subjects: Vec<_> = subjects.iter().map(PathBuf::from).collect();
        let Task { images, question } = task(&subjects);
        (images.len(), question)
    }

    #[test]
    fn the_last_of_several_is_the_question_unless_it_is_named_like_a_picture() {
        assert_eq!(read(&["what is this?"]), (1, ABOUT_ONE.into()));
        assert_eq!(read(&["a.png", "what is this?"]), (1, "what is this?".into()));
        assert_eq!(read(&["a.png", "b.JPG"]), (2, ABOUT_SEVERAL.into()));
        assert_eq!(read(&["a", "b", "Cargo.toml"]), (3, ABOUT_SEVERAL.into()));
    }
}
