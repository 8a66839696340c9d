use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use omnigen2_pipeline::metadata::{self, MetadataError, Record, ReferenceRecord};
use omnigen2_pipeline::{Conversation, ImageRequest, Message, Turn};

use super::args::Args;
use super::entry::Entry;
use super::format::{Drawn, Format};
use super::transcript::Transcript;
use crate::drawing::{Reference, by_chance, not_repeatable, references};
use crate::engine::Engine;
use crate::failure::{Code, Failure};
use crate::work::Work;

const TRANSCRIPT: &str = "omnigen2-chat.md";

/// A conversation and what is to be done in it.
pub(super) struct Session<'a> {
    args: Args,
    engine: Engine,
    work: Work<'a>,
    format: Format,
    conversation: Conversation,
    /// The files of the conversation's pictures, in order.
    files: Vec<ReferenceRecord>,
    /// Pictures of the next message.
    queued: Vec<Reference>,
    /// The seed of the next turn.
    seed: u64,
    /// Transcripts that were written and may be written again.
    saved: Vec<PathBuf>,
}

/// The state of a conversation after an entry.
pub(super) enum Flow {
    On,
    Over,
}

impl<'a> Session<'a> {
    pub(super) fn new(args: Args, engine: Engine, work: Work<'a>, format: Format) -> Self {
        let seed = args.speaking.seed.unwrap_or_else(by_chance);
        work.console.say(format_args!("seed {seed}"));
        Self {
            args,
            engine,
            work,
            format,
            conversation: Conversation::new(),
            files: Vec::new(),
            queued: Vec::new(),
            seed,
            saved: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, entry: Entry) -> Result<Flow, Failure> {
        match entry {
            Entry::Nothing => {}
            Entry::Say { text, pictures } => {
                self.queued.extend(references::shown(&pictures)?);
                self.say(text)?;
            }
            Entry::Image(path) => self.queue(path)?,
            Entry::Save(path) => self.save(path.unwrap_or_else(|| TRANSCRIPT.into()))?,
            Entry::New => {
                self.conversation = Conversation::new();
                self.files.clear();
                self.queued.clear();
                self.format.forgotten(self.work.console)?;
            }
            Entry::Help => self.format.help()?,
            Entry::Quit => return Ok(Flow::Over),
        }
        Ok(Flow::On)
    }

    fn queue(&mut self, path: PathBuf) -> Result<(), Failure> {
        for reference in references::shown(&[path])? {
            let number = self.files.len() + self.queued.len() + 1;
            let (width, height) = reference.picture.dimensions();
            let path = reference.path.display();
            self.work.console.say(format_args!(
                "picture {number}: {path}, {width}x{height}; it is shown with the next message"
            ));
            self.queued.push(reference);
        }
        Ok(())
    }

    /// A turn that fails leaves the conversation as it was.
    fn say(&mut self, text: String) -> Result<(), Failure> {
        self.work.interrupt.take();
        let (messages, files) = (self.conversation.messages.len(), self.files.len());
        let mut message = Message::user(text);
        for reference in self.queued.drain(..) {
            self.files.push(reference.record());
            message = message.picture(reference.picture);
        }
        self.conversation.push(message);
        let answer = self.answer();
        self.seed = self.seed.wrapping_add(1);
        match answer {
            Ok(answer) => {
                self.conversation.push(answer);
                Ok(())
            }
            Err(failure) => {
                self.conversation.messages.truncate(messages);
                self.files.truncate(files);
                self.work.interrupt.take();
                Err(failure.within("the message is dropped from the conversation"))
            }
        }
    }

    fn answer(&mut self) -> Result<Message, Failure> {
        let Self { engine, work, format, conversation, .. } = self;
        let settings = self.args.speaking.settings(engine.omnigen2.sampling(), self.seed);
        let said = |piece: &str| format.piece(piece);
        let turn = work.speak(|| Ok(engine.omnigen2.chat_with(conversation, &settings)?), said)?;
        match turn {
            Turn::Text(text) => {
                format.said(&text)?;
                if work.interrupt.take() && text.is_empty() {
                    Err(Failure::new(Code::Interrupted, "interrupted before a word was said"))
                } else {
                    Ok(Message::assistant(text))
                }
            }
            Turn::Draw(request) => {
                work.interrupt.check()?;
                self.draw(request)
            }
        }
    }

    fn draw(&mut self, request: ImageRequest) -> Result<Message, Failure> {
        let Self { engine, work, args, .. } = self;
        let request = ImageRequest { seed: self.seed, ..args.drawing.apply(engine.usually(request)) };
        let references = references::named(&request.references, &self.files).unwrap_or_default();
        let mut record = Record { references, ..engine.record(&request) };
        not_repeatable(&mut record, "it was drawn in a conversation, which its record does not hold");
        let generation = work.wait("preparing to draw", || Ok(engine.omnigen2.generate(&request)?))?;
        let pictures = work.draw(generation, |_, _| Ok(()))?;
        let picture = pictures.into_iter().next();
        let picture = picture.ok_or_else(|| Failure::new(Code::Failed, "no picture was drawn"))?;
        let path = metadata::create(names(&args.output_dir), &picture, &record)?;
        self.format.drawn(Drawn { path: &path, picture: &picture, seed: request.seed })?;
        self.files.push(references::written(&path, &picture));
        Ok(Message::drawn(picture))
    }

    /// Overwrites nothing but what this conversation was saved to.
    fn save(&mut self, path: PathBuf) -> Result<(), Failure> {
        let files = self.files.iter().map(|file| file.path.as_path()).collect();
        let transcript = Transcript { conversation: &self.conversation, files };
        let written =
            if self.saved.contains(&path) { transcript.replace(&path) } else { transcript.create(&path) };
        written.map_err(|error| unsaved(&path, error))?;
        self.format.saved(&path)?;
        self.saved.push(path);
        Ok(())
    }
}

/// The names that drawn pictures have, in order.
fn names(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let folder = folder.strip_prefix(".").unwrap_or(folder);
    (1_u64..).map(|number| folder.join(format!("omnigen2-chat-{number}.png")))
}

fn unsaved(path: &Path, error: std::io::Error) -> Failure {
    if error.kind() == ErrorKind::AlreadyExists {
        let message = format!(
            "cannot write {}: there is a file of that name, and /save overwrites only what this conversation was \
             saved to; give another name, or move the file away",
            path.display()
        );
        return Failure::new(Code::Output, message);
    }
    MetadataError::Write { path: path.into(), source: error.into() }.into()
}
