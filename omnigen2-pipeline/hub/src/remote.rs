use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use hf_hub::api::sync::{Api, ApiBuilder, ApiError, ApiRepo};
use hf_hub::{Cache, Repo, RepoType};
use serde::Deserialize;
use ureq::config::RedirectAuthHeaders;
use ureq::http::Response;
use ureq::{Agent, Body};

use super::id::{is_commit, is_lower_hex};
use super::{HubError, RepositoryId};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Silence after which a connection counts as broken.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
const LISTING_TIMEOUT: Duration = Duration::from_secs(120);
const MAX_LISTING: u64 = 32 << 20;
const SHA1_DIGITS: usize = 40;
const SHA256_DIGITS: usize = 64;

/// A file of the repository, as the hub describes it.
#[derive(Clone)]
pub(super) struct RemoteFile {
    /// The path in the repository.
    pub(super) name: String,
    pub(super) size: u64,
    /// The name of its blob: the content's SHA-256 for large files, Git's hash for small ones.
    pub(super) blob: String,
}

impl RemoteFile {
    /// Whether the blob's name is the content's SHA-256, not Git's hash.
    pub(super) fn is_large(&self) -> bool {
        self.blob.len() == SHA256_DIGITS
    }
}

/// A revision: a commit and its files by path.
pub(super) struct Listing {
    pub(super) commit: String,
    pub(super) files: BTreeMap<String, RemoteFile>,
}

/// A running answer with a file's bytes from `start` on.
pub(super) struct Stream {
    pub(super) start: u64,
    pub(super) reader: Box<dyn Read + Send>,
}

/// The way to the hub.
pub(super) struct Access<'a> {
    pub(super) endpoint: &'a str,
    pub(super) token: Option<&'a str>,
    pub(super) cache: &'a Path,
}

/// The hub, asked about one repository.
pub(super) struct Remote {
    repository: RepositoryId,
    endpoint: String,
    token: Option<String>,
    api: Api,
    agent: Agent,
}

impl Remote {
    pub(super) fn new(access: &Access<'_>, repository: &RepositoryId) -> Result<Self, HubError> {
        let endpoint = access.endpoint.trim_end_matches('/').to_owned();
        let token = access.token.map(str::to_owned);
        let api = ApiBuilder::from_cache(Cache::new(access.cache.to_owned()))
            .with_endpoint(endpoint.clone())
            .with_token(token.clone())
            .with_progress(false)
            .with_user_agent(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .build()
            .map_err(|error: ApiError| HubError::Unreachable {
                repository: repository.clone(),
                endpoint: endpoint.clone(),
                source: io::Error::other(error),
            })?;
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_recv_response(Some(READ_TIMEOUT))
            .timeout_per_read(Some(READ_TIMEOUT))
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Ok(Self { repository: repository.clone(), endpoint, token, api, agent })
    }

    pub(super) fn repository(&self) -> &RepositoryId {
        &self.repository
    }

    /// The commit that the revision means now, and its files.
    pub(super) fn listing(&self) -> Result<Listing, HubError> {
        let request = self.at(self.repository.revision()).info_request().query("blobs", "true");
        let request =
            request.config().http_status_as_error(false).timeout_global(Some(LISTING_TIMEOUT)).build();
        let mut response = request.call().map_err(|error| self.unreachable(error))?;
        if !response.status().is_success() {
            return Err(self.refusal(&response, None));
        }
        let body = response.body_mut().with_config().limit(MAX_LISTING).read_to_vec();
        let body = body.map_err(|error| self.unreachable(error))?;
        let info: Info = serde_json::from_slice(&body)
            .map_err(|error| self.bad_answer(format!("no description of a repository: {error}")))?;
        info.listing().map_err(|reason| self.bad_answer(reason))
    }

    /// Begins to receive the file from the byte `start` on, or from its first byte if the server knows no ranges.
    pub(super) fn open(&self, commit: &str, file: &RemoteFile, start: u64) -> Result<Stream, HubError> {
        let mut request =
            self.agent.get(self.at(commit).url(&file.name)).header("Accept-Encoding", "identity");
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if start > 0 {
            request = request.header("Range", format!("bytes={start}-"));
        }
        let response = request.call().map_err(|error| self.interrupted(file, start, error.into_io()))?;
        let start = match response.status().as_u16() {
            200 => 0,
            206 if header(&response, "content-range").starts_with(&format!("bytes {start}-")) => start,
            206 => return Err(self.bad_answer(format!("another range of {} than from {start}", file.name))),
            _ => return Err(self.refusal(&response, Some(file))),
        };
        let body = response.into_body();
        match body.content_length() {
            Some(length) if start.checked_add(length) != Some(file.size) => {
                let [expected, found] = [file.size - start, length].map(|bytes| format!("{bytes} bytes"));
                Err(self.corrupt(file, expected, found))
            }
            _ => Ok(Stream { start, reader: Box::new(body.into_reader().take(file.size - start)) }),
        }
    }

    pub(super) fn interrupted(&self, file: &RemoteFile, received: u64, source: io::Error) -> HubError {
        let (repository, total) = (self.repository.clone(), file.size);
        HubError::Interrupted { repository, file: file.name.clone(), received, total, source }
    }

    pub(super) fn corrupt(&self, file: &RemoteFile, expected: String, found: String) -> HubError {
        HubError::Corrupt { repository: self.repository.clone(), file: file.name.clone(), expected, found }
    }

    fn at(&self, revision: &str) -> ApiRepo {
        let id = self.repository.id().to_owned();
        self.api.repo(Repo::with_revision(id, RepoType::Model, revision.to_owned()))
    }

    /// The hub says in a header what its status leaves open: it answers 401 for a missing repository, too.
    fn refusal(&self, response: &Response<Body>, file: Option<&RemoteFile>) -> HubError {
        let (repository, endpoint) = (self.repository.clone(), self.endpoint.clone());
        let status = response.status().as_u16();
        match (header(response, "x-error-code"), status, file) {
            ("RepoNotFound", ..) => HubError::RepositoryNotFound { repository, endpoint },
            ("RevisionNotFound", ..) => HubError::RevisionNotFound { repository, endpoint },
            (_, 401 | 403, _) => HubError::Denied { repository, endpoint, status },
            (_, 404, Some(file)) => HubError::FileMissing { repository, file: file.name.clone() },
            (_, 404, None) => HubError::RepositoryNotFound { repository, endpoint },
            _ => self.bad_answer(format!("HTTP status {status}")),
        }
    }

    fn unreachable(&self, error: ureq::Error) -> HubError {
        let (repository, endpoint) = (self.repository.clone(), self.endpoint.clone());
        HubError::Unreachable { repository, endpoint, source: error.into_io() }
    }

    fn bad_answer(&self, reason: String) -> HubError {
        HubError::BadAnswer { repository: self.repository.clone(), endpoint: self.endpoint.clone(), reason }
    }
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The answer to `api/models/{id}/revision/{revision}?blobs=true`.
#[derive(Deserialize)]
struct Info {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob_id: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: String,
}

impl Info {
    fn listing(self) -> Result<Listing, String> {
        if !is_commit(&self.sha) {
            return Err(format!("`{}` for a commit", self.sha));
        }
        let files = self.siblings.into_iter().map(Sibling::file).collect::<Result<_, _>>()?;
        Ok(Listing { commit: self.sha, files })
    }
}

impl Sibling {
    fn file(self) -> Result<(String, RemoteFile), String> {
        let name = self.rfilename;
        let digits = if self.lfs.is_some() { SHA256_DIGITS } else { SHA1_DIGITS };
        let blob = self.lfs.map(|lfs| lfs.sha256).or(self.blob_id);
        match blob.zip(self.size) {
            Some((blob, size)) if blob.len() == digits && is_lower_hex(&blob) => {
                Ok((name.clone(), RemoteFile { name, size, blob }))
            }
            _ => Err(format!("no size and hash for {name}")),
        }
    }
}
