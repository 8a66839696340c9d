//! What a talker remembers.

use std::path::Path;
use std::sync::Arc;

use burn::prelude::*;
use image::{Rgb, RgbImage};

use super::Talker;
use crate::parts::ChatModel;
use crate::reader::Language;
use crate::weights::Storage;
use crate::{Checkpoint, Conversation, Memory, Message, Precision, ReplySettings};

fn talker() -> Talker {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-checkpoint");
    let device = Device::flex();
    let language = Language {
        checkpoint: Checkpoint::open(path).unwrap(),
        storage: Storage::default(),
        compute: Precision::F32.on(&device),
        device,
        memory: Memory::default(),
        generation: Default::default(),
        shared: Default::default(),
    };
    Arc::new(language).talker().unwrap()
}

fn asked(red: u8) -> Conversation {
    let picture = RgbImage::from_pixel(84, 56, Rgb([red, 0, 0]));
    Conversation::new().with(Message::user("What is this?").picture(picture))
}

fn short() -> ReplySettings {
    ReplySettings { max_tokens: 8, may_draw: false, ..ReplySettings::default() }
}

/// How many tokens of a conversation need not be read, and how many there are.
fn known(talker: &Talker, conversation: &Conversation) -> [usize; 2] {
    let script = talker.reading(conversation, 0).unwrap().script;
    [talker.session.as_ref().map_or(0, |session| session.shared(&script)), script.ids.len()]
}

#[test]
fn a_further_turn_reads_only_what_is_new() {
    let mut talker = talker();
    let [_, prompt] = known(&talker, &asked(0));
    let mut reply = talker.reply(&asked(0), &short()).unwrap();
    let said: String = reply.by_ref().map(Result::unwrap).collect();
    reply.end().unwrap();
    let next = asked(0).with(Message::assistant(said)).with(Message::user("Why?"));
    let [shared, all] = known(&talker, &next);
    assert!(shared >= prompt && shared < all, "{shared} of {all} tokens are known, {prompt} were asked");
    assert_eq!(known(&talker, &asked(0))[0], prompt);
}

#[test]
fn another_picture_is_new_from_where_it_stands() {
    let mut talker = talker();
    talker.features(&asked(0)).unwrap();
    let [same, all] = known(&talker, &asked(0));
    assert_eq!(same, all);
    let [shared, _] = known(&talker, &asked(9));
    let seen = &talker.reading(&asked(9), 0).unwrap().script.pictures[0];
    assert_eq!(shared, seen.start);
}

#[test]
fn a_dropped_reply_frees_what_was_read_and_a_stopped_one_keeps_it() {
    let mut talker = talker();
    for taken in [0, 1, 3] {
        let mut reply = talker.reply(&asked(0), &short()).unwrap();
        assert_eq!(reply.by_ref().take(taken).count(), taken);
        drop(reply);
        assert!(talker.session.is_none());
    }
    let mut reply = talker.reply(&asked(0), &short()).unwrap();
    reply.next().unwrap().unwrap();
    reply.end().unwrap();
    assert!(talker.session.is_some());
}
