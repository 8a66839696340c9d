use std::fs;

use omnigen2_pipeline::metadata;
use serde_json::{Value, json};

use crate::place::{Place, Run, TINY, edit_json, pixels, text};

/// Random weights ask for a picture by chance alone. At this temperature all tokens are about equally likely, and
/// from this seed and then the next one, the first to be drawn in reply to `DRAW` and then to `MEND` is `<|img|>`,
/// as long as no weight is rounded.
pub(crate) const DRAWS: [&str; 8] =
    ["--seed", "2894", "--temperature", "1000000", "--top-k", "0", "--storage", "stored"];
pub(crate) const DRAW: &str = "draw a fox";
pub(crate) const MEND: &str = "make it orange";

/// Short replies and small pictures, with more arguments, which may override these.
pub(crate) fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let usual = [("--max-tokens", "8"), ("--size", "32x32"), ("--steps", "2")];
    let usual = usual.iter().filter(|(option, _)| !more.contains(option));
    let usual = usual.flat_map(|(option, value)| [*option, *value]);
    ["chat", "--checkpoint", TINY].into_iter().chain(usual).chain(more.iter().copied()).collect()
}

fn chat(place: &Place, more: &[&str], lines: &[&str]) -> Run {
    place.feed(&arguments(more), lines.join("\n"))
}

fn chat_json(place: &Place, more: &[&str], lines: &[Value]) -> Vec<Value> {
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    let run = chat(place, &[&["--json"], more].concat(), &lines).succeeded();
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The turns without their pieces, which have to make up the text.
fn turns(lines: Vec<Value>) -> Vec<Value> {
    let mut pieces = String::new();
    let mut turns = Vec::new();
    for line in lines {
        if let Some(piece) = line["piece"].as_str() {
            pieces += piece;
            continue;
        }
        if line["turn"] == "text" {
            assert_eq!(line["text"], pieces, "{line}");
        }
        pieces.clear();
        turns.push(line);
    }
    turns
}

#[test]
fn lines_are_answered_without_a_terminal() {
    let place = Place::new();
    let picture = place.picture("fox.png", [64, 48], 0);
    let show = format!("/image {}", text(&picture));
    let run = chat(&place, &[], &["hello", &show, "", "what is this?", "/save", "/quit", "never said"]);
    let run = run.succeeded();
    assert!(run.stdout.ends_with("\nomnigen2-chat.md\n") && !run.stdout.contains("> "), "{}", run.stdout);
    assert!(run.stderr.contains("picture 1: ") && run.stderr.contains("64x48"), "{}", run.stderr);
    assert_eq!(place.written(), ["omnigen2-chat.md"]);
    let saved = fs::read_to_string(place.out("omnigen2-chat.md")).unwrap();
    let parts = ["**You:**\n\nhello\n", "**OmniGen2:**", "![fox.png](<", "fox.png>)\n\nwhat is this?\n"];
    let places: Vec<_> =
        parts.iter().map(|part| saved.find(part).unwrap_or_else(|| panic!("{saved}"))).collect();
    assert!(places.is_sorted() && !saved.contains("never said"), "{saved}");
}

#[test]
fn what_goes_wrong_in_a_turn_does_not_end_the_conversation() {
    let place = Place::new();
    let thread = place.picture("thread.png", [5700, 28], 0);
    let show = format!("/image {}", text(&thread));
    let (long, pad) = ("a fox ".repeat(3000), "is <|image_pad|> a picture?");
    let mention = "what is in <img3>?";
    let lines =
        ["/imagine a fox", "/image nothing.png", &show, "what is it?", &long, pad, mention, "hello", "/save"];
    let run = chat(&place, &[], &lines).succeeded();
    for part in
        ["no command /imagine", "cannot read nothing.png", "5700x28", "4096", "<|image_pad|>", "<img3>"]
    {
        assert!(run.stderr.contains(part), "{part} is not in: {}", run.stderr);
    }
    assert_eq!(run.stderr.matches("error: ").count(), 6, "{}", run.stderr);
    let saved = fs::read_to_string(place.out("omnigen2-chat.md")).unwrap();
    assert_eq!(saved.matches("**You:**").count(), 2, "{saved}");
}

#[test]
fn a_transcript_overwrites_only_its_own() {
    let place = Place::new();
    fs::write(place.out("mine.md"), "mine").unwrap();
    let run = chat(&place, &[], &["/save mine.md", "/save ours.md", "hello", "/save ours.md"]).succeeded();
    assert!(run.stderr.contains("cannot write mine.md: there is a file of that name"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(place.out("mine.md")).unwrap(), "mine");
    assert!(fs::read_to_string(place.out("ours.md")).unwrap().contains("hello"));
    assert_eq!(place.written(), ["mine.md", "ours.md"]);
}

#[test]
fn a_conversation_in_lines_of_json() {
    let place = Place::new();
    let picture = place.picture("fox.png", [64, 48], 0);
    let lines = [
        json!({ "text": "what is this?", "images": [picture] }),
        json!({ "text": "hello", "images": ["nothing.png"] }),
        json!("hello"),
        json!({ "command": "save", "file": "chat.md" }),
        json!({ "command": "new" }),
        json!({ "text": "hello" }),
    ];
    let turns = turns(chat_json(&place, &[], &lines));
    assert_eq!(turns.len(), 6, "{turns:?}");
    assert_eq!((&turns[0]["turn"], &turns[5]["turn"]), (&"text".into(), &"text".into()));
    let error = |turn: &Value| turn["error"].as_str().unwrap().to_owned();
    assert!(error(&turns[1]).contains("cannot read nothing.png") && error(&turns[2]).contains("expected"));
    assert_eq!(turns[3], json!({ "done": "save", "file": "chat.md" }));
    assert_eq!(turns[4], json!({ "done": "new" }));
    assert_eq!(place.written(), ["chat.md"]);
}

#[test]
fn a_picture_is_drawn_and_edited_and_none_is_overwritten() {
    let place = Place::new();
    place.picture("out/omnigen2-chat-1.png", [1, 1], 0);
    let lines = [json!({ "text": DRAW }), json!({ "text": MEND }), json!({ "command": "save" })];
    let turns = turns(chat_json(&place, &DRAWS, &lines));
    let seed: u64 = DRAWS[1].parse().unwrap();
    let drawn = |number: u64| {
        json!({
            "turn": "draw", "path": format!("omnigen2-chat-{number}.png"), "width": 32, "height": 32,
            "seed": seed + number - 2,
        })
    };
    assert_eq!(turns[..2], [drawn(2), drawn(3)]);
    assert_eq!(pixels(&place.out("omnigen2-chat-1.png")).dimensions(), (1, 1));
    assert_ne!(pixels(&place.out("omnigen2-chat-2.png")), pixels(&place.out("omnigen2-chat-3.png")));
    let record = metadata::read(place.out("omnigen2-chat-3.png")).unwrap();
    assert!(record.references[0].path.ends_with("omnigen2-chat-2.png"), "{record:?}");
    let saved = fs::read_to_string(place.out("omnigen2-chat.md")).unwrap();
    assert!(saved.contains("![omnigen2-chat-2.png](<omnigen2-chat-2.png>)"), "{saved}");
    let again = place.run(&["generate", "--like", "omnigen2-chat-2.png"]);
    again.failed(4, &["omnigen2-chat-2.png cannot be drawn again", "conversation"]);
}

/// A name can be taken without a file behind it.
#[cfg(unix)]
#[test]
fn a_drawn_picture_takes_no_name_that_is_taken() {
    let place = Place::new();
    std::os::unix::fs::symlink("nowhere", place.out("omnigen2-chat-1.png")).unwrap();
    let run = chat(&place, &DRAWS, &[DRAW]).succeeded();
    assert_eq!(run.stdout, "omnigen2-chat-2.png\n");
    assert_eq!(place.written(), ["omnigen2-chat-1.png", "omnigen2-chat-2.png"]);
    assert_eq!(fs::read_link(place.out("omnigen2-chat-1.png")).unwrap().as_os_str(), "nowhere");
}

#[test]
fn a_line_that_is_no_text_does_not_end_the_conversation() {
    let place = Place::new();
    let run = place.feed(&arguments(&[]), b"hello\na \xff fox\nyou\n/save\n").succeeded();
    assert!(run.stderr.contains("error: a line is not UTF-8 from its byte 3 on"), "{}", run.stderr);
    let saved = fs::read_to_string(place.out("omnigen2-chat.md")).unwrap();
    assert_eq!(saved.matches("**You:**").count(), 2, "{saved}");
    assert!(saved.contains("hello") && saved.contains("you") && !saved.contains("fox"), "{saved}");
    let run = place.feed(&arguments(&["--json"]), b"\xff\n{\"command\": \"new\"}\n").succeeded();
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines[0]["error"].as_str().unwrap().contains("not UTF-8"), "{lines:?}");
    assert_eq!(lines[1], json!({ "done": "new" }));
}

#[test]
fn drawn_pictures_go_where_they_are_told_to() {
    let place = Place::new();
    let folder = place.out("pictures");
    let run = chat(&place, &[&DRAWS[..], &["--output-dir", "pictures"]].concat(), &[DRAW]).succeeded();
    assert_eq!(run.stdout, "pictures/omnigen2-chat-1.png\n");
    assert_eq!(pixels(&folder.join("omnigen2-chat-1.png")).dimensions(), (32, 32));
    fs::write(place.out("file"), "").unwrap();
    chat(&place, &["--output-dir", "file/pictures"], &[]).failed(5, &["cannot write file/pictures"]);
    chat(&place, &["--steps", "0"], &[]).failed(2, &["steps"]);
    chat(&place, &["--size", "16x64"], &[]).failed(2, &["cannot be looked at", "16x64", "28"]);
}

#[test]
fn a_tokenizer_that_cannot_ask_for_pictures_is_refused() {
    let place = Place::new();
    let checkpoint = place.checkpoint();
    edit_json(&checkpoint.join("processor/tokenizer.json"), |tokenizer| {
        let tokens = tokenizer["added_tokens"].as_array_mut().unwrap();
        tokens.retain(|token| token["content"] != "<|img|>");
    });
    let run = place.feed(&["chat", "--checkpoint", text(&checkpoint), "--max-tokens", "8"], "hello");
    run.failed(3, &["tokenizer.json has no token <|img|>", "published with OmniGen2"]);
}

#[test]
fn a_tokenizer_of_other_tokens_for_pictures_is_refused() {
    let place = Place::new();
    let checkpoint = place.checkpoint();
    let config = checkpoint.join("mllm/config.json");
    edit_json(&config, |config| config["image_token_id"] = 3.into());
    let picture = place.picture("fox.png", [64, 48], 0);
    let run =
        place.run(&["describe", text(&picture), "--checkpoint", text(&checkpoint), "--max-tokens", "8"]);
    run.failed(3, &["<|image_pad|>", "config.json 3", "of one checkpoint"]);
}
