use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use omnigen2_pipeline::{Conversation, Part, Role, files};

use crate::checkpoint::absolute;

/// A conversation as Markdown in a file.
pub(super) struct Transcript<'a> {
    pub(super) conversation: &'a Conversation,
    /// The files of its pictures, in order.
    pub(super) files: Vec<&'a Path>,
}

impl Transcript<'_> {
    /// Writes it unless the file is there. The file appears whole or not at all.
    pub(super) fn create(&self, path: &Path) -> io::Result<()> {
        files::create(path, self.markdown(&folder(path)).as_bytes())
    }

    /// Writes it in place of what is there.
    pub(super) fn replace(&self, path: &Path) -> io::Result<()> {
        files::replace(path, self.markdown(&folder(path)).as_bytes())
    }

    fn markdown(&self, folder: &Path) -> String {
        let mut text = String::from("# A conversation with OmniGen2\n");
        let mut files = self.files.iter();
        for message in &self.conversation.messages {
            let speaker = match message.role {
                Role::User => "You",
                Role::Assistant => "OmniGen2",
            };
            let _ = writeln!(text, "\n**{speaker}:**");
            for part in &message.parts {
                let _ = match part {
                    Part::Text(said) => writeln!(text, "\n{said}"),
                    Part::Picture(_) => writeln!(text, "\n{}", link(files.next().copied(), folder)),
                };
            }
        }
        text
    }
}

fn folder(path: &Path) -> PathBuf {
    let path = PathBuf::from(absolute(path));
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Relative where the picture is beside the transcript or below.
fn link(file: Option<&Path>, folder: &Path) -> String {
    let Some(file) = file else { return "(a picture)".into() };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let target = file.strip_prefix(folder).unwrap_or(file).to_string_lossy();
    let escaped = target.replace('<', "%3C").replace('>', "%3E").replace('\n', "%0A");
    format!("![{}](<{escaped}>)", name.replace(['[', ']', '\n'], "_"))
}

#[cfg(test)]
mod tests {
    use omnigen2_pipeline::Message;
    use omnigen2_pipeline::pixels::RgbImage;

    use super::*;

    #[test]
    fn pictures_are_links() {
        let mut conversation = Conversation::new();
        conversation.push(Message::user("What is this?").picture(RgbImage::new(1, 1)));
        conversation.push(Message::assistant("A dot."));
        let folder = PathBuf::from(absolute(Path::new("chats")));
        let file = folder.join("a <dot>.png");
        let transcript = Transcript { conversation: &conversation, files: vec![&file] };
        let expected = "# A conversation with OmniGen2\n\n**You:**\n\n![a <dot>.png](<a %3Cdot%3E.png>)\n\n\
            What is this?\n\n**OmniGen2:**\n\nA dot.\n";
        assert_eq!(transcript.markdown(&folder), expected);
        let elsewhere = transcript.markdown(Path::new("elsewhere"));
        assert!(elsewhere.contains(&format!("](<{}/", folder.display())), "{elsewhere}");
    }
}
