use std::fmt::Write as _;

use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::remote::RemoteFile;

/// The hash that names a file's blob, of the bytes so far.
#[derive(Clone)]
pub(super) enum Hash {
    /// Of a large file: its SHA-256.
    Content(Sha256),
    /// Of a small one: the SHA-1 that Git names it by.
    Git(Sha1),
}

impl Hash {
    /// The hash of the first none of the file's bytes.
    pub(super) fn of(file: &RemoteFile) -> Self {
        if file.is_large() {
            Self::Content(Sha256::new())
        } else {
            Self::Git(Sha1::new_with_prefix(format!("blob {}\0", file.size)))
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Content(hash) => hash.update(bytes),
            Self::Git(hash) => hash.update(bytes),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Content(_) => "SHA-256",
            Self::Git(_) => "Git's hash",
        }
    }

    /// The hash of all bytes so far, as the hub writes it.
    pub(super) fn hex(&self) -> String {
        match self {
            Self::Content(hash) => hex(&hash.clone().finalize()),
            Self::Git(hash) => hex(&hash.clone().finalize()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_files_are_named_as_git_names_them() {
        let name = "ce013625030ba8dba906f756967f9e9ca394464a";
        let file = RemoteFile { name: "hello".into(), size: 6, blob: name.into() };
        let mut hash = Hash::of(&file);
        hash.update(b"hel");
        hash.update(b"lo\n");
        assert_eq!((hash.hex().as_str(), hash.name()), (name, "Git's hash"));
    }
}
