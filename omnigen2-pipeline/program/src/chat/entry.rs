use std::path::PathBuf;

use serde::Deserialize;

use crate::failure::{Code, Failure};

pub(super) const HELP: &str = "\
/image PATH   shows a picture with the next message; several are allowed
/save [FILE]  writes the conversation as Markdown [default: omnigen2-chat.md]
/new          forgets the conversation
/help         lists this
/quit         leaves, as Ctrl-D does
All else is said; //... says what begins with a slash.";

/// A line of input, as what it asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Nothing,
    Say {
        text: String,
        pictures: Vec<PathBuf>,
    },
    /// Shows a picture with the next message.
    Image(PathBuf),
    Save(Option<PathBuf>),
    New,
    Help,
    Quit,
}

/// A line of JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    text: Option<String>,
    #[serde(default)]
    images: Vec<PathBuf>,
    command: Option<Command>,
    file: Option<PathBuf>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Command {
    Save,
    New,
}

impl Entry {
    pub(super) fn from_text(line: &str) -> Result<Self, Failure> {
        let line = line.trim();
        let Some(command) = line.strip_prefix('/') else {
            return Ok(if line.is_empty() {
                Self::Nothing
            } else {
                Self::Say { text: line.into(), pictures: Vec::new() }
            });
        };
        let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let file = Some(unquoted(rest.trim())).filter(|path| !path.is_empty()).map(PathBuf::from);
        match (name, file) {
            ("image", Some(path)) => Ok(Self::Image(path)),
            ("image", None) => Err(refused("/image needs the path of a picture")),
            ("save", file) => Ok(Self::Save(file)),
            ("new", None) => Ok(Self::New),
            ("help", None) => Ok(Self::Help),
            ("quit" | "exit", None) => Ok(Self::Quit),
            ("new" | "help" | "quit" | "exit", Some(_)) => Err(refused(format!("/{name} takes nothing"))),
            _ if name.starts_with('/') => Ok(Self::Say { text: command.into(), pictures: Vec::new() }),
            _ => Err(refused(format!(
                "there is no command /{name}; /help lists them, and /{line} says it as it stands"
            ))),
        }
    }

    pub(super) fn from_json(line: &str) -> Result<Self, Failure> {
        if line.trim().is_empty() {
            return Ok(Self::Nothing);
        }
        let expected = "expected a line such as {\"text\": \"hello\", \"images\": [\"fox.png\"]}, {\"command\": \
             \"new\"} or {\"command\": \"save\", \"file\": \"chat.md\"}";
        let parsed = serde_json::from_str(line);
        match parsed.map_err(|e| Failure::new(Code::Request, e).within(expected))? {
            Line { text: Some(text), images, command: None, file: None } => {
                Ok(Self::Say { text, pictures: images })
            }
            Line { text: None, images, command: Some(Command::Save), file } if images.is_empty() => {
                Ok(Self::Save(file))
            }
            Line { text: None, images, command: Some(Command::New), file: None } if images.is_empty() => {
                Ok(Self::New)
            }
            _ => Err(refused(expected)),
        }
    }
}

fn refused(message: impl Into<String>) -> Failure {
    Failure::new(Code::Request, message.into())
}

/// Terminals put quotes around a path that is dropped on them.
fn unquoted(path: &str) -> &str {
    let within = |quote| path.strip_prefix(quote).and_then(|path| path.strip_suffix(quote));
    within('"').or_else(|| within('\'')).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(text: &str) -> Entry {
        Entry::Say { text: text.into(), pictures: Vec::new() }
    }

    #[test]
    fn lines_are_messages_or_commands() {
        let read = |line| Entry::from_text(line).unwrap();
        assert_eq!(read("  "), Entry::Nothing);
        assert_eq!(read(" draw a fox \n"), say("draw a fox"));
        assert_eq!(read("//image is a command"), say("/image is a command"));
        assert_eq!(read("/image 'a fox.png'"), Entry::Image("a fox.png".into()));
        assert_eq!(read("/save"), Entry::Save(None));
        assert_eq!(read("/save a b.md"), Entry::Save(Some("a b.md".into())));
        assert_eq!(read("/quit"), Entry::Quit);
        for line in ["/image", "/new all", "/imagine a fox", "/"] {
            assert!(Entry::from_text(line).is_err(), "{line}");
        }
    }

    #[test]
    fn lines_of_json_are_messages_or_commands() {
        let read = |line| Entry::from_json(line).unwrap();
        assert_eq!(read(r#"{"text": "hello"}"#), say("hello"));
        assert_eq!(
            read(r#"{"text": "", "images": ["a.png"]}"#),
            Entry::Say { text: "".into(), pictures: vec!["a.png".into()] }
        );
        assert_eq!(read(r#"{"command": "new"}"#), Entry::New);
        assert_eq!(read(r#"{"command": "save", "file": "a.md"}"#), Entry::Save(Some("a.md".into())));
        for line in ["hello", "{}", r#"{"command": "draw"}"#, r#"{"text": "a", "command": "new"}"#, "[]"] {
            assert!(Entry::from_json(line).is_err(), "{line}");
        }
    }
}
