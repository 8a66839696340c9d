//! What a talker remembers.

use std::path::Path;
use std::sync::Arc;

use burn::prelude::*;
use image::{Rgb, RgbImage};

use super::Talker;
use crate::checkpoint::Checkpoint;
use crate::engine::reader::Language;
use crate::parts::{Allowance, ChatModel};
use crate::values::{Conversation, Message, Precision, ReplySettings};
use crate::weights::Storage;

const ONE: Allowance = Allowance { memory: crate::values::Memory::Resident, sessions: 0 };

fn talker() -> Talker {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tiny-checkpoint");
    let device = Device::flex();
    let language = Language {
        checkpoint: Checkpoint::open(path).unwrap(),
        storage: Storage::default(),
        precision: Precision::F32,
        text: device.clone(),
        vision: device,
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
    [talker.sessions.shared(&script), script.ids.len()]
}

#[test]
fn a_further_turn_reads_only_what_is_new() {
    let mut talker = talker();
    let [_, prompt] = known(&talker, &asked(0));
    let mut reply = talker.reply(&asked(0), &short(), ONE).unwrap();
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
    talker.features(&asked(0), ONE).unwrap();
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
        let mut reply = talker.reply(&asked(0), &short(), ONE).unwrap();
        assert_eq!(reply.by_ref().take(taken).count(), taken);
        drop(reply);
        assert_eq!(talker.sessions.len(), 0);
    }
    let mut reply = talker.reply(&asked(0), &short(), ONE).unwrap();
    reply.next().unwrap().unwrap();
    reply.end().unwrap();
    assert_eq!(talker.sessions.len(), 1);
}

/// Two sessions fit into this, but not three.
fn two(talker: &mut Talker) -> Allowance {
    talker.features(&asked(0), ONE).unwrap();
    let session = talker.sessions.begin(&talker.reading(&asked(0), 0).unwrap().script, 0);
    Allowance { sessions: session.bytes() + session.bytes() / 2, ..ONE }
}

#[test]
fn the_least_recently_used_conversation_goes_when_memory_is_short() {
    let mut talker = talker();
    let two = two(&mut talker);
    for red in [1, 2, 1, 3] {
        talker.features(&asked(red), two).unwrap();
    }
    let whole = |red| {
        let [shared, all] = known(&talker, &asked(red));
        shared == all
    };
    assert_eq!([1, 2, 3].map(whole), [true, false, true]);
    assert_eq!(talker.sessions.len(), 2);
}

#[test]
fn another_conversation_with_the_same_beginning_takes_nothing_from_the_first() {
    let mut talker = talker();
    let many = Allowance { sessions: u64::MAX, ..ONE };
    let [first, second] =
        ["Why?", "Who?"].map(|text| asked(0).with(Message::assistant("A fox.")).with(Message::user(text)));
    talker.features(&first, many).unwrap();
    talker.features(&second, many).unwrap();
    for conversation in [&first, &second] {
        let [shared, all] = known(&talker, conversation);
        assert_eq!(shared, all);
    }
    let alone = self::talker().features(&second, ONE).unwrap();
    let beside = talker.features(&second, many).unwrap();
    let far = (alone - beside).abs().max().into_scalar::<f32>();
    assert!(far <= 1e-4, "sums of a few dozen numbers of size 1 in another order: {far}");
}
