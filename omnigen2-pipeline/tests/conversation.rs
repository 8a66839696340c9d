//! Talking with the tiny checkpoint, whose weights are random: what must hold whatever it says.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use burn::prelude::*;
use image::{Rgb, RgbImage};
use omnigen2_pipeline::parts::{Allowance, ChatModel, Ending, Speech};
use omnigen2_pipeline::pixels::{PixelError, Size};
use omnigen2_pipeline::reader::{Eyes, Talker};
use omnigen2_pipeline::slot::Slot;
use omnigen2_pipeline::text::{SpecialToken, TextError};
use omnigen2_pipeline::weights::Storage;
use omnigen2_pipeline::{
    Checkpoint, Conversation, ConversationError, Error, ImageRequest, Memory, Message, OmniGen2, Part,
    ReplySettings, Result, Role, Sampling, Turn,
};

/// Sums of a few dozen numbers of size 1 in another order.
const TOLERANCE: f32 = 1e-4;
/// The tiny checkpoint says `<|img|>` by chance about once in so many tries at this temperature.
const HOT: f64 = 2.0;
const TRIES: u64 = 20_000;

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-checkpoint")
}

fn omnigen2() -> OmniGen2 {
    OmniGen2::load(tiny(), &Device::flex()).unwrap()
}

fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x * 3) as u8, (y * 5) as u8, (x * y) as u8]))
}

fn asked() -> Conversation {
    Conversation::new().with(Message::user("What is this?").picture(picture(84, 56)))
}

fn short() -> ReplySettings {
    ReplySettings { max_tokens: 12, ..ReplySettings::default() }
}

fn say(omnigen2: &mut OmniGen2, conversation: &Conversation, settings: &ReplySettings) -> String {
    match omnigen2.chat_with(conversation, settings).unwrap().finish().unwrap() {
        Turn::Text(text) => text,
        Turn::Draw(_) => panic!("it draws"),
    }
}

/// A talker whose networks come from slots.
fn talker(vit: impl Fn() -> Result<()> + Send + 'static) -> Talker {
    let files = Checkpoint::open(tiny()).unwrap();
    let (vision, language) = (files.clone(), files.clone());
    let vit = Slot::lazy("vision tower", move || {
        vit()?;
        Ok(Box::new(vision.load_vit(&Device::flex(), Storage::AsStored)?))
    });
    let mllm = Slot::lazy("language model", move || {
        Ok(Box::new(Arc::new(language.load_mllm(&Device::flex(), Storage::AsStored)?)))
    });
    let eyes = Eyes::new(files.vit_config().unwrap(), files.vision_limits().unwrap(), vit, &Device::flex());
    Talker::new(files.tokenizer().unwrap(), eyes, files.mllm_config().unwrap(), mllm).unwrap()
}

/// The whole reply, kept for the next turn.
fn reply(talker: &mut Talker, conversation: &Conversation) -> String {
    reply_within(talker, conversation, Allowance::default())
}

fn reply_within(talker: &mut Talker, conversation: &Conversation, allowance: Allowance) -> String {
    let mut speech = talker.reply(conversation, &short(), allowance).unwrap();
    let text = speech.by_ref().map(Result::unwrap).collect();
    assert!(matches!(speech.end().unwrap(), Ending::Text));
    text
}

fn assert_close(found: &Tensor<3>, expected: &Tensor<3>) {
    assert_eq!(found.dims(), expected.dims());
    let far = (found.clone() - expected.clone()).abs().max().into_scalar::<f32>();
    assert!(far <= TOLERANCE, "{far}");
}

#[test]
fn turns_are_read_as_if_all_were_read_at_once() {
    let mut talker_of_turns = talker(|| Ok(()));
    let mut conversation = asked();
    for (question, shown) in [("And <img2>?", true), ("Why?", false), ("Compare <img1>.", true)] {
        let said = reply(&mut talker_of_turns, &conversation);
        conversation.push(Message::assistant(said));
        let message = Message::user(question);
        conversation.push(if shown { message.picture(picture(60, 90)) } else { message });
    }
    let found = talker_of_turns.features(&conversation, Allowance::default()).unwrap();
    let expected = talker(|| Ok(())).features(&conversation, Allowance::default()).unwrap();
    assert_close(&found, &expected);
}

/// Counts how often something is loaded.
fn counter() -> (Arc<AtomicUsize>, impl Fn() -> Result<()> + Send + 'static) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let load = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    (count, load)
}

const STAGED: Allowance = Allowance { memory: Memory::Staged, sessions: 0 };

#[test]
fn a_picture_is_looked_at_once() {
    let (looks, count) = counter();
    let mut talker = talker(count);
    let hello = Conversation::new().with(Message::user("Hello."));
    reply_within(&mut talker, &hello, STAGED);
    assert_eq!(looks.load(Ordering::Relaxed), 0, "nothing was shown");
    let said = reply_within(&mut talker, &asked(), STAGED);
    assert_eq!(looks.load(Ordering::Relaxed), 1);
    let further = asked().with(Message::assistant(said)).with(Message::user("And then?"));
    reply_within(&mut talker, &further, STAGED);
    assert_eq!(looks.load(Ordering::Relaxed), 1, "the second turn shows nothing new");
}

#[test]
fn two_conversations_in_turns_are_each_read_once_where_there_is_memory_for_both() {
    let many = Allowance { sessions: 1 << 30, ..STAGED };
    for (allowance, expected) in [(many, 2), (STAGED, 4)] {
        let (looks, count) = counter();
        let mut talker = talker(count);
        let other = Conversation::new().with(Message::user("And that?").picture(picture(56, 84)));
        let mut talks = [asked(), other];
        for turn in ["Why?", "Since when?"] {
            for talk in &mut talks {
                let said = reply_within(&mut talker, talk, allowance);
                *talk = talk.clone().with(Message::assistant(said)).with(Message::user(turn));
            }
        }
        assert_eq!(looks.load(Ordering::Relaxed), expected, "{allowance:?}");
    }
}

#[test]
fn the_memory_mode_is_that_of_each_call() {
    let (looks, count) = counter();
    let mut talker = talker(count);
    let ask = |side| Conversation::new().with(Message::user("What?").picture(picture(side, 56)));
    for (side, memory, loads) in [
        (56, Memory::Resident, 1),
        (84, Memory::Resident, 1),
        (112, Memory::Staged, 1),
        (140, Memory::Staged, 2),
    ] {
        reply_within(&mut talker, &ask(side), Allowance { memory, sessions: 0 });
        assert_eq!(looks.load(Ordering::Relaxed), loads, "{memory:?} {side}");
    }
}

#[test]
fn another_picture_in_the_same_words_is_another_conversation() {
    let ask = |salt: u8| {
        let shown = RgbImage::from_pixel(56, 56, Rgb([salt, 0, 255 - salt]));
        Conversation::new().with(Message::user("Colour?").picture(shown))
    };
    let mut talked = talker(|| Ok(()));
    talked.features(&ask(0), Allowance::default()).unwrap();
    let found = talked.features(&ask(255), Allowance::default()).unwrap();
    assert_close(&found, &talker(|| Ok(())).features(&ask(255), Allowance::default()).unwrap());
}

#[test]
fn a_reply_comes_in_pieces_and_staged_memory_says_the_same() {
    let mut resident = omnigen2();
    let mut reply = resident.chat_with(&asked(), &short()).unwrap();
    let pieces: String = reply.by_ref().map(Result::unwrap).collect();
    assert_eq!(reply.finish().unwrap(), Turn::Text(pieces.clone()));
    assert!(!pieces.is_empty());
    let builder = OmniGen2::builder(&Device::flex()).checkpoint(tiny()).unwrap();
    let mut staged = builder.memory(Memory::Staged).build().unwrap();
    assert_eq!(say(&mut staged, &asked(), &short()), pieces);
}

#[test]
fn a_cancelled_reply_changes_nothing_of_the_next() {
    let expected = say(&mut omnigen2(), &asked(), &short());
    let mut talked = omnigen2();
    for taken in 0..4 {
        let mut reply = talked.chat_with(&asked(), &short()).unwrap();
        assert_eq!(reply.by_ref().take(taken).count(), taken);
        drop(reply);
        assert_eq!(say(&mut talked, &asked(), &short()), expected, "after {taken} pieces");
    }
}

#[test]
fn a_reply_that_was_stopped_keeps_what_was_said() {
    let mut talked = omnigen2();
    let whole = say(&mut talked, &asked(), &short());
    let mut reply = talked.chat_with(&asked(), &short()).unwrap();
    let first = reply.next().unwrap().unwrap();
    assert_eq!(reply.stop().unwrap(), Turn::Text(first.clone()));
    assert!(whole.starts_with(&first) && whole.len() > first.len());
    let next = asked().with(Message::assistant(first)).with(Message::user("Go on."));
    assert_eq!(say(&mut talked, &next, &short()), say(&mut omnigen2(), &next, &short()));
}

#[test]
fn stop_strings_and_lengths_end_a_reply() {
    let mut talked = omnigen2();
    let whole = say(&mut talked, &asked(), &short());
    let middle = whole.char_indices().nth(whole.chars().count() / 2).unwrap().0;
    let stop: String = whole[middle..].chars().take(2).collect();
    let settings = ReplySettings { stop: vec![stop.clone()], ..short() };
    let found = say(&mut talked, &asked(), &settings);
    assert!(whole.starts_with(&found) && !found.contains(&stop) && found.len() < whole.len());
    let one = say(&mut talked, &asked(), &ReplySettings { max_tokens: 1, ..short() });
    assert!(whole.starts_with(&one) && one.len() < whole.len());
}

#[test]
fn chance_comes_from_the_seed_alone() {
    let sampling = Some(Sampling { temperature: 1.5, ..Sampling::greedy() });
    let with = |seed| ReplySettings { sampling, seed, may_draw: false, ..short() };
    let mut talked = omnigen2();
    let first = say(&mut talked, &asked(), &with(1));
    assert_eq!(say(&mut omnigen2(), &asked(), &with(1)), first);
    assert_ne!(say(&mut talked, &asked(), &with(2)), first);
}

/// Asks until the model happens to draw.
fn drawing(talked: &mut OmniGen2, conversation: &Conversation) -> ImageRequest {
    let sampling = Some(Sampling { temperature: HOT, ..Sampling::greedy() });
    let ask = |seed| {
        let settings = ReplySettings { max_tokens: 1, sampling, seed, ..ReplySettings::default() };
        match talked.chat_with(conversation, &settings).unwrap().finish().unwrap() {
            Turn::Draw(request) => Some(request),
            Turn::Text(_) => None,
        }
    };
    (0..TRIES).find_map(ask).unwrap()
}

fn draw(talked: &mut OmniGen2, request: &ImageRequest) -> RgbImage {
    let request = ImageRequest { size: Some(Size::new(32, 48)), ..request.clone() }.steps(2).seed(5);
    talked.generate(&request).unwrap().finish().unwrap().remove(0)
}

#[test]
fn a_picture_can_be_drawn_and_then_edited() {
    let mut talked = omnigen2();
    let mut conversation = asked();
    let request = drawing(&mut talked, &conversation);
    assert_eq!((request.prompt.as_str(), request.references.len()), ("What is this?", 1));
    let drawn = draw(&mut talked, &request);
    assert_eq!(drawn, draw(&mut omnigen2(), &request), "a request says all that the picture depends on");
    let plain = ImageRequest { conversation: None, ..request };
    assert_ne!(drawn, draw(&mut talked, &plain), "the conversation is read, not the prompt");
    conversation.push(Message::drawn(drawn.clone()));
    conversation.push(Message::user("Make it red."));
    let edit = drawing(&mut talked, &conversation);
    assert_eq!(edit.prompt, "Make it red.");
    assert_eq!(edit.references, [drawn]);
    draw(&mut talked, &edit);
}

#[test]
fn a_model_that_may_not_draw_does_not() {
    let mut talked = omnigen2();
    let sampling = Some(Sampling { temperature: HOT, ..Sampling::greedy() });
    for seed in 0..2000 {
        let settings = ReplySettings { max_tokens: 1, sampling, seed, may_draw: false, ..short() };
        say(&mut talked, &asked(), &settings);
    }
}

/// Asks to draw at once, and notes which conversations it has to read for it.
struct Painter {
    talker: Talker,
    read: Arc<Mutex<Vec<Conversation>>>,
}

struct Sketch(Tensor<3>);

impl ChatModel for Painter {
    fn reply<'m>(
        &'m mut self,
        of: &Conversation,
        _: &ReplySettings,
        allowance: Allowance,
    ) -> Result<Box<dyn Speech + 'm>> {
        Ok(Box::new(Sketch(self.talker.features(of, allowance)?)))
    }

    fn features(&mut self, conversation: &Conversation, allowance: Allowance) -> Result<Tensor<3>> {
        self.read.lock().unwrap().push(conversation.clone());
        self.talker.features(conversation, allowance)
    }
}

impl Iterator for Sketch {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Result<String>> {
        None
    }
}

impl Speech for Sketch {
    fn end(self: Box<Self>) -> Result<Ending> {
        Ok(Ending::Draw(self.0))
    }
}

#[test]
fn what_the_reply_was_read_from_is_not_read_again_to_draw() {
    let read = Arc::new(Mutex::new(Vec::new()));
    let painter = Painter { talker: talker(|| Ok(())), read: read.clone() };
    let builder = OmniGen2::builder(&Device::flex()).checkpoint(tiny()).unwrap();
    let mut talked = builder.chat_model(painter).build().unwrap();
    let Turn::Draw(request) = talked.chat(&asked()).unwrap().finish().unwrap() else { panic!("it talks") };
    draw(&mut talked, &request);
    let negative = Conversation::new().with(Message::user(""));
    assert_eq!(*read.lock().unwrap(), [negative], "only the negative prompt is left to be read");
}

#[test]
fn pictures_may_stand_between_words_of_both() {
    let parts = |text: &str| {
        vec![Part::Text(text.into()), Part::Picture(picture(56, 56).into()), Part::Text("and more".into())]
    };
    let conversation = Conversation::new()
        .with(Message { role: Role::User, parts: parts("Here is") })
        .with(Message { role: Role::Assistant, parts: parts("I drew") })
        .with(Message::user("Thanks."));
    let mut talked = omnigen2();
    say(&mut talked, &conversation, &short());
    let request = drawing(&mut talked, &conversation);
    assert_eq!(request.references.len(), 1);
}

/// What is refused before any network is loaded: there is none to load.
fn refused(conversation: &Conversation, settings: &ReplySettings) -> Error {
    let files = Checkpoint::open(tiny()).unwrap();
    let gone = || Error::part("a network was loaded");
    let eyes = Eyes::new(
        files.vit_config().unwrap(),
        files.vision_limits().unwrap(),
        Slot::lazy("vision tower", move || Err(gone())),
        &Device::flex(),
    );
    let mllm = Slot::lazy("language model", move || Err(gone()));
    let mut talker =
        Talker::new(files.tokenizer().unwrap(), eyes, files.mllm_config().unwrap(), mllm).unwrap();
    match talker.reply(conversation, settings, Allowance::default()) {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error,
    }
}

#[test]
fn what_cannot_be_read_is_refused_before_any_work() {
    let shown = |width, height| {
        Conversation::new().with(Message::user("?").picture(picture(56, 56)).picture(picture(width, height)))
    };
    let Error::Shown { number: 2, source } = refused(&shown(27, 56), &short()) else { panic!() };
    assert!(matches!(*source, PixelError::TooSmall { .. }), "{source}");
    let Error::Shown { number: 2, source } = refused(&shown(28, 28 * 201), &short()) else { panic!() };
    assert!(matches!(*source, PixelError::TooNarrow { .. }), "{source}");
    let spelt = Conversation::new().with(Message::user("<|image_pad|>").picture(picture(56, 56)));
    let spelt = refused(&spelt, &short());
    let expected = TextError::ImageCount { places: 2, images: 1 };
    assert_eq!(spelt.to_string(), expected.to_string());
    let missing = refused(&Conversation::new().with(Message::user("<img1>?")), &short());
    assert!(missing.to_string().contains("<img1>"), "{missing}");
    let words = "fox ".repeat(5000);
    let long = refused(&Conversation::new().with(Message::user(words)), &short());
    let found = matches!(long, Error::Conversation(ConversationError::TooLong { reply: 12, most: 4096, .. }));
    assert!(found, "{long:?}");
    let wordy = refused(&asked(), &ReplySettings { max_tokens: usize::MAX, ..short() });
    assert!(matches!(wordy, Error::Conversation(ConversationError::TooLong { .. })), "{wordy:?}");
    let unasked = refused(&Conversation::new(), &short());
    assert!(matches!(unasked, Error::Conversation(ConversationError::NothingAsked)), "{unasked:?}");
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let mut talked = omnigen2();
    let none = talked.chat_with(&asked(), &ReplySettings { max_tokens: 0, ..short() }).unwrap_err();
    assert!(none.to_string().contains("0 tokens"), "{none}");
    let sampling = Some(Sampling { temperature: f64::NAN, ..Sampling::greedy() });
    let cold = talked.chat_with(&asked(), &ReplySettings { sampling, ..short() }).unwrap_err();
    assert!(cold.to_string().contains("temperature is NaN"), "{cold}");
}

#[test]
fn an_empty_message_and_many_pictures_are_fine() {
    let message = (0..6).fold(Message::user(""), |message, i| message.picture(picture(56 + 28 * i, 56)));
    let conversation = Conversation::new().with(message);
    let mut talked = omnigen2();
    say(&mut talked, &conversation, &short());
    let request = drawing(&mut talked, &conversation);
    let error = talked.generate(&request).unwrap_err().to_string();
    assert!(error.contains("6 reference pictures") && error.contains("at most 5"), "{error}");
}

#[test]
fn a_tokenizer_of_another_model_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    for part in ["mllm", "transformer", "vae", "processor"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
        for file in std::fs::read_dir(tiny().join(part)).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.path().join(part).join(file.file_name())).unwrap();
        }
    }
    let path = folder.path().join("processor/tokenizer.json");
    let stock = std::fs::read_to_string(&path).unwrap().replace("<|img|>", "<|other|>");
    std::fs::write(&path, stock).unwrap();
    let mut talked = OmniGen2::load(folder.path(), &Device::flex()).unwrap();
    let request = ImageRequest::new("a fox").size(Size::new(32, 32)).steps(1);
    talked.generate(&request).unwrap().finish().unwrap();
    let error = talked.chat(&asked()).unwrap_err();
    let missing = matches!(&error, Error::Text(TextError::MissingToken { token: SpecialToken::Image, path: p }) if *p == path);
    assert!(missing, "{error:?}");
}
