use std::fmt;

const COMMIT_LENGTH: usize = 40;

/// A repository of the hub at a revision, written `owner/name` or `owner/name@revision`.
///
/// Both parts are safe as pieces of a path and of an address: anything else is refused when the value is made.
/// The default is the published checkpoint, `OmniGen2/OmniGen2@main`.
///
/// ```
/// use omnigen2_hub::RepositoryId;
///
/// let repository: RepositoryId = "OmniGen2/OmniGen2@refs/pr/3".parse()?;
/// assert_eq!((repository.id(), repository.revision()), ("OmniGen2/OmniGen2", "refs/pr/3"));
/// assert!("../secrets".parse::<RepositoryId>().is_err());
/// # Ok::<(), omnigen2_hub::HubError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RepositoryId {
    pub(super) id: String,
    pub(super) revision: String,
}

impl RepositoryId {
    /// Owner and name, as `owner/name`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The branch, tag or commit.
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// Returns whether the revision is a commit's full hash, so that it can never come to mean other files.
    pub fn is_commit(&self) -> bool {
        is_commit(&self.revision)
    }
}

impl Default for RepositoryId {
    fn default() -> Self {
        Self { id: "OmniGen2/OmniGen2".to_owned(), revision: "main".to_owned() }
    }
}

impl fmt::Display for RepositoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.id, self.revision)
    }
}

pub(super) fn is_commit(text: &str) -> bool {
    text.len() == COMMIT_LENGTH && is_lower_hex(text)
}

pub(super) fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
