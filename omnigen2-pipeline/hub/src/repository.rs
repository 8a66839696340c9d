use std::str::FromStr;

use super::{HubError, RepositoryId};

const MAX_NAME: usize = 96;
const MAX_REVISION: usize = 255;

impl RepositoryId {
    /// The repository `id`, as `owner/name`, at the revision `main`.
    ///
    /// # Errors
    /// [`HubError::InvalidId`] unless both parts consist of letters, digits, `-`, `_` and `.`, as the hub asks.
    pub fn new(id: &str) -> Result<Self, HubError> {
        let valid = id.split_once('/').is_some_and(|(owner, name)| is_name(owner) && is_name(name));
        if !valid {
            return Err(HubError::InvalidId { id: id.to_owned() });
        }
        Ok(Self { id: id.to_owned(), revision: "main".to_owned() })
    }

    /// Names a branch, a tag or a commit of the repository.
    ///
    /// # Errors
    /// [`HubError::InvalidRevision`] where that is no name of a Git revision.
    pub fn at(self, revision: &str) -> Result<Self, HubError> {
        if !is_revision(revision) {
            return Err(HubError::InvalidRevision { id: self.id, revision: revision.to_owned() });
        }
        Ok(Self { revision: revision.to_owned(), ..self })
    }
}

impl FromStr for RepositoryId {
    type Err = HubError;

    fn from_str(text: &str) -> Result<Self, HubError> {
        match text.split_once('@') {
            Some((id, revision)) => Self::new(id)?.at(revision),
            None => Self::new(text),
        }
    }
}

/// The repository that `text` may mean, if it has the form `owner/name` or `owner/name@revision`.
///
/// A relative path of two parts has that form too, so a caller first asks whether such a directory exists.
pub fn looks_like_repository(text: &str) -> Option<RepositoryId> {
    text.parse().ok()
}

/// Whether `text` is a plain file name, safe to join to a path and to put into an address.
pub(super) fn is_file_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    !text.is_empty() && text.len() <= MAX_REVISION && !text.starts_with('.') && text.bytes().all(plain)
}

fn is_name(text: &str) -> bool {
    let edge = |c: char| matches!(c, '-' | '.');
    text.len() <= MAX_NAME
        && is_file_name(text)
        && !text.starts_with(edge)
        && !text.ends_with(edge)
        && !text.contains("--")
        && !text.contains("..")
}

fn is_revision(text: &str) -> bool {
    let part = |part: &str| is_file_name(part) && !part.ends_with('.') && !part.ends_with(".lock");
    text.len() <= MAX_REVISION && !text.contains("..") && !text.starts_with('-') && text.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn repositories_are_told_from_paths() {
        for text in ["OmniGen2/OmniGen2", "a/b@main", "a.b/c_d-e@refs/pr/12", "owner/name@v1.0"] {
            assert!(looks_like_repository(text).is_some(), "{text}");
        }
        for text in [
            "",
            "name",
            "/etc/passwd",
            "./model",
            "../model",
            "a/..",
            "a/b/c",
            "a/b/",
            "a//b",
            "a\\b/c",
            "a/b c",
            "a/b@",
            "a/b@../x",
            "a/b@/x",
            "a/b@x/",
            "a/b@.x",
            "a/b@x.lock",
            "a/b@c:d",
            "a/b@-x",
            "a/b@x@y",
            "a--b/c",
            "a/b\n",
            "a/b%2f",
            "ä/b",
        ] {
            assert!(looks_like_repository(text).is_none(), "{text}");
        }
        assert!(looks_like_repository(&format!("a/{}", "b".repeat(97))).is_none());
    }

    #[test]
    fn only_full_hashes_are_commits() {
        let at = |revision: &str| RepositoryId::default().at(revision).unwrap().is_commit();
        assert!(at("df5dca8a981d74e6c3af214c145f5c735fe72367"));
        assert!(!at("df5dca8"));
        assert!(!at("main"));
    }

    proptest! {
        #[test]
        fn what_parses_is_printed_as_it_was_read(text in "[a-z./@-]{1,24}") {
            if let Some(repository) = looks_like_repository(&text) {
                prop_assert_eq!(repository.to_string().parse::<RepositoryId>().unwrap(), repository);
                prop_assert!(!text.contains("..") && !text.starts_with('/'));
            }
        }
    }
}
