use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{env, fmt};

use super::cache::Cache;
use super::remote::{Access, Remote};
use super::{HubError, Pull, RepositoryId};
use omnigen2_files::read_text_bounded;

const ENDPOINT: &str = "https://huggingface.co";
/// The most bytes of a token's file.
const MAX_TOKEN: u64 = 1 << 16;

/// The way to the hub, and where to keep what it sends: a plain value.
#[derive(Clone, PartialEq, Eq)]
pub struct Hub {
    /// The hub's address, such as `https://huggingface.co` or a mirror's.
    pub endpoint: String,
    /// The access token that is sent to the endpoint, and to no other host.
    pub token: Option<String>,
    /// The cache directory, shared with Python's `huggingface_hub`.
    pub cache: PathBuf,
    /// True if to use the cache alone.
    pub offline: bool,
}

impl Hub {
    /// The settings of the environment, by the Python client's variables: `HF_ENDPOINT`; `HF_TOKEN`, else the token
    /// file at `HF_TOKEN_PATH` or in `HF_HOME`; `HF_HUB_CACHE`, else `hub` in `HF_HOME` (itself
    /// `~/.cache/huggingface` unless set); `HF_HUB_OFFLINE`.
    pub fn new() -> Self {
        Self::from_variables(&|name| env::var_os(name))
    }

    /// Plans the download of an OmniGen2 checkpoint: looks at the cache, asks the hub for the repository's files, and
    /// fetches the weight indices, which say what shards there are.
    ///
    /// A complete checkpoint in the cache needs no network when `offline` is set or the revision is a commit; it also
    /// serves, with a warning, when the hub cannot be reached.
    ///
    /// # Errors
    /// Any [`HubError`]; with `offline` set only [`HubError::NotCached`].
    pub fn pull(&self, repository: &RepositoryId) -> Result<Pull, HubError> {
        let cache = Cache::new(&self.cache, repository);
        let cached = cache.complete_commit();
        if self.offline || repository.is_commit() && cached.is_some() {
            let absent = || HubError::NotCached { repository: repository.clone(), cache: self.cache.clone() };
            return cached.map(|commit| Pull::cached(cache, commit)).ok_or_else(absent);
        }
        let access = Access { endpoint: &self.endpoint, token: self.token.as_deref(), cache: &self.cache };
        let remote = Remote::new(&access, repository)?;
        match (remote.listing(), cached) {
            (Err(error @ HubError::Unreachable { .. }), Some(commit)) => {
                tracing::warn!("{error}; using the copy in the cache");
                Ok(Pull::cached(cache, commit))
            }
            (listing, _) => Pull::plan(remote, cache, listing?),
        }
    }

    fn from_variables(variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let text = |name: &str| variable(name)?.into_string().ok().filter(|value| !value.is_empty());
        let user = || env::home_dir().unwrap_or_default().join(".cache");
        let home = path("HF_HOME")
            .unwrap_or_else(|| path("XDG_CACHE_HOME").unwrap_or_else(user).join("huggingface"));
        let token_file = path("HF_TOKEN_PATH").unwrap_or_else(|| home.join("token"));
        let token = match text("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            Some(value) if is_on(&value) => None,
            _ => text("HF_TOKEN").or_else(|| read_token(&token_file)),
        };
        Self {
            endpoint: text("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned()),
            token: token.map(|token| token.trim().to_owned()),
            cache: path("HF_HUB_CACHE")
                .or_else(|| path("HUGGINGFACE_HUB_CACHE"))
                .unwrap_or_else(|| home.join("hub")),
            offline: text("HF_HUB_OFFLINE").is_some_and(|value| is_on(&value)),
        }
    }
}

impl Default for Hub {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("endpoint", &self.endpoint)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("cache", &self.cache)
            .field("offline", &self.offline)
            .finish()
    }
}

fn is_on(value: &str) -> bool {
    matches!(value.to_uppercase().as_str(), "1" | "ON" | "YES" | "TRUE")
}

fn read_token(file: &Path) -> Option<String> {
    read_text_bounded(file, MAX_TOKEN).ok().filter(|token| !token.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn hub(variables: &[(&str, &str)]) -> Hub {
        Hub::from_variables(&|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        })
    }

    #[test]
    fn variables_mean_what_they_mean_to_the_python_client() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().to_str().unwrap();
        fs::write(home.path().join("token"), " stored\n").unwrap();

        let plain = hub(&[("HF_HOME", path)]);
        assert_eq!(plain.endpoint, ENDPOINT);
        assert_eq!(plain.token.as_deref(), Some("stored"));
        assert_eq!(plain.cache, home.path().join("hub"));
        assert!(!plain.offline);

        let set = hub(&[
            ("HF_HOME", path),
            ("HF_ENDPOINT", "https://mirror.example"),
            ("HF_TOKEN", "given"),
            ("HF_HUB_CACHE", "/elsewhere"),
            ("HF_HUB_OFFLINE", "yes"),
        ]);
        assert_eq!(set.endpoint, "https://mirror.example");
        assert_eq!(set.token.as_deref(), Some("given"));
        assert_eq!(set.cache, Path::new("/elsewhere"));
        assert!(set.offline);

        assert_eq!(hub(&[("HF_HOME", path), ("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]).token, None);
        assert!(hub(&[("XDG_CACHE_HOME", path)]).cache.ends_with("huggingface/hub"));
    }

    #[test]
    fn the_token_is_not_printed() {
        let text = format!("{:?}", hub(&[("HF_TOKEN", "secret")]));
        assert!(!text.contains("secret"), "{text}");
    }
}
