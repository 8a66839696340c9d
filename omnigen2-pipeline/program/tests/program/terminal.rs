//! A conversation at a terminal.

use std::fs;
use std::io::Write;
use std::process::Command;

use rexpect::process::WaitStatus;
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};

use crate::chat::{DRAW, DRAWS, MEND, arguments};
use crate::place::{Place, pixels, send, text};

/// Milliseconds for a reply of the tiny checkpoint, on a machine that does much else.
const PATIENCE: u64 = 120_000;
const UP: &str = "\x1b[A";

/// A conversation whose prompt is there.
fn chat(place: &Place, more: &[&str]) -> PtySession {
    let command = place.command(&arguments(more));
    let options = Options::new().timeout_ms(Some(PATIENCE)).strip_ansi_escape_codes(true);
    let mut session = spawn_with_options(command, options).unwrap();
    session.exp_string("> ").unwrap();
    session
}

/// What is printed before the next prompt.
fn say(session: &mut PtySession, line: &str) -> String {
    session.send_line(line).unwrap();
    session.exp_string("\n").unwrap();
    session.exp_string("> ").unwrap()
}

fn leave(mut session: PtySession) {
    session.send_control('d').unwrap();
    session.exp_eof().unwrap();
    let status = session.process().wait().unwrap();
    assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
}

#[test]
fn talking_about_a_picture() {
    let place = Place::new();
    let picture = place.picture("fox.png", [64, 48], 0);
    let mut session = chat(&place, &[]);
    say(&mut session, "hello");
    let shown = say(&mut session, &format!("/image {}", text(&picture)));
    assert!(shown.contains("picture 1: ") && shown.contains("64x48"), "{shown}");
    say(&mut session, "what is this?");
    let help = say(&mut session, "/help");
    assert!(help.contains("/image PATH") && help.contains("/save"), "{help}");
    let unknown = say(&mut session, "/imagine");
    assert!(unknown.contains("no command /imagine"), "{unknown}");
    assert!(say(&mut session, "/save talk.md").contains("talk.md"));
    let saved = fs::read_to_string(place.out("talk.md")).unwrap();
    assert!(saved.contains("fox.png>)\n\nwhat is this?"), "{saved}");
    leave(session);
}

#[test]
fn arrow_up_brings_the_last_line_back() {
    let place = Place::new();
    let mut session = chat(&place, &[]);
    say(&mut session, "/save first.md");
    let again = say(&mut session, UP);
    assert!(again.contains("first.md"), "{again}");
    leave(session);
}

#[test]
fn ctrl_c_ends_a_reply_and_the_conversation_goes_on() {
    let place = Place::new();
    let mut session = chat(&place, &["--quiet", "--max-tokens", "3000"]);
    session.send_line("hello").unwrap();
    session.exp_string("\n").unwrap();
    session.exp_regex("\\S\\S\\S").unwrap();
    session.send_control('c').unwrap();
    session.exp_string("> ").unwrap();
    say(&mut session, "/save");
    let saved = fs::read_to_string(place.out("omnigen2-chat.md")).unwrap();
    assert!(saved.contains("hello") && saved.contains("**OmniGen2:**"), "{saved}");
    say(&mut session, "/new");
    say(&mut session, "/save");
    assert!(!fs::read_to_string(place.out("omnigen2-chat.md")).unwrap().contains("hello"));
    leave(session);
}

#[test]
fn ctrl_c_twice_leaves() {
    let place = Place::new();
    let mut session = chat(&place, &[]);
    session.send("half a line").unwrap();
    session.send_control('c').unwrap();
    session.exp_string("leaves").unwrap();
    session.exp_string("> ").unwrap();
    session.send_control('c').unwrap();
    session.exp_eof().unwrap();
    assert!(matches!(session.process().wait().unwrap(), WaitStatus::Exited(_, 0)));
}

#[test]
fn a_byte_that_is_no_text_does_not_end_the_conversation() {
    let place = Place::new();
    let mut session = chat(&place, &[]);
    say(&mut session, "hello");
    session.process().get_file_handle().unwrap().write_all(b"caf\xe9 ").unwrap();
    let refused = session.exp_string("> ").unwrap();
    assert!(refused.contains("not UTF-8"), "{refused}");
    say(&mut session, "you");
    say(&mut session, "/save talk.md");
    let saved = fs::read_to_string(place.out("talk.md")).unwrap();
    assert!(saved.contains("hello") && saved.contains("you") && !saved.contains("caf"), "{saved}");
    leave(session);
}

/// The settings of the terminal before and after it, when SIGTERM comes at the prompt.
#[test]
fn sigterm_leaves_the_terminal_as_it_was() {
    const WITHIN: &str = r#"echo "before $(stty -g)."; sh -c 'echo $$ > id; exec "$@"' sh "$@"; code=$?
        echo "after $(stty -g)."; echo "code $code.""#;
    let place = Place::new();
    let command = place.command(&arguments(&[]));
    let mut shell = Command::new("sh");
    shell.args(["-c", WITHIN, "sh"]).arg(command.get_program()).args(command.get_args());
    shell.current_dir(place.out(""));
    let options = Options::new().timeout_ms(Some(PATIENCE)).strip_ansi_escape_codes(true);
    let mut session = spawn_with_options(shell, options).unwrap();
    session.exp_string("before ").unwrap();
    let before = session.exp_string(".").unwrap();
    session.exp_string("> ").unwrap();
    send("-TERM", fs::read_to_string(place.out("id")).unwrap().trim());
    session.exp_string("after ").unwrap();
    assert_eq!(session.exp_string(".").unwrap(), before);
    session.exp_string("code ").unwrap();
    assert_eq!(session.exp_string(".").unwrap(), "143");
}

#[test]
fn a_picture_is_drawn_and_then_edited() {
    let place = Place::new();
    let mut session = chat(&place, &DRAWS);
    // The bar of a drawing looks like a prompt.
    for (line, picture) in [(DRAW, "omnigen2-chat-1.png"), (MEND, "omnigen2-chat-2.png")] {
        session.send_line(line).unwrap();
        session.exp_string(picture).unwrap();
        session.exp_string("> ").unwrap();
    }
    leave(session);
    assert_eq!(place.written(), ["omnigen2-chat-1.png", "omnigen2-chat-2.png"]);
    assert_eq!(pixels(&place.out("omnigen2-chat-2.png")).dimensions(), (32, 32));
}

#[test]
fn ctrl_c_drops_a_drawing() {
    let place = Place::new();
    let mut session = chat(&place, &[&DRAWS[..], &["--steps", "1000", "--size", "128x128"]].concat());
    session.send_line(DRAW).unwrap();
    session.exp_string("drawing").unwrap();
    session.send_control('c').unwrap();
    session.exp_string("dropped").unwrap();
    session.exp_string("> ").unwrap();
    leave(session);
    assert_eq!(place.written(), [""; 0]);
}
