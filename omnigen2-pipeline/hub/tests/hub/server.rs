//! A small hub on loopback: the description of a repository, its files with ranges, and a second host for the large
//! ones, as the real hub has.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sha1::Sha1;
use sha2::{Digest, Sha256};

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub(crate) const REPOSITORY: &str = "someone/tiny-omnigen2";

/// The server ends by itself after this long, whatever the test does.
const LIFETIME: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(5);
const MAX_HEAD: u64 = 16 << 10;

/// What the server has, and how it misbehaves.
#[derive(Clone, Default)]
pub(crate) struct Site {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// The token without which nothing is given out.
    pub(crate) token: Option<&'static str>,
    /// Breaks the connection after so many bytes of this file.
    pub(crate) cut: Option<Cut>,
    /// Answers a request for a range with the whole file.
    pub(crate) ignores_ranges: bool,
    /// Sends this file with a byte changed.
    pub(crate) damages: Option<&'static str>,
}

#[derive(Clone)]
pub(crate) struct Cut {
    pub(crate) file: &'static str,
    pub(crate) after: usize,
}

/// A request as it came, and how many bytes of a file went out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) range: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) sent: usize,
}

pub(crate) struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    log: Arc<Mutex<Vec<Request>>>,
    site: Arc<Mutex<Site>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(site: Site) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, log, site) = (Arc::default(), Arc::default(), Arc::new(Mutex::new(site)));
        let worker = Worker { port: address.port(), log: Arc::clone(&log), site: Arc::clone(&site) };
        let stopped: Arc<AtomicBool> = Arc::clone(&stop);
        let thread = Some(thread::spawn(move || worker.serve(&listener, &stopped)));
        Self { address, stop, log, site, thread }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests since the last call.
    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Site)) {
        change(&mut self.site.lock().unwrap());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Worker {
    port: u16,
    log: Arc<Mutex<Vec<Request>>>,
    site: Arc<Mutex<Site>>,
}

impl Worker {
    fn serve(&self, listener: &TcpListener, stop: &AtomicBool) {
        let end = Instant::now() + LIFETIME;
        while !stop.load(Ordering::Relaxed) && Instant::now() < end {
            match listener.accept() {
                Ok((stream, _)) => {
                    let _ = self.answer(stream);
                }
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut request = read_request(&stream)?;
        let site = self.site.lock().unwrap().clone();
        let answer = self.route(&site, &request);
        stream.write_all(answer.head.as_bytes())?;
        request.sent = answer.body.len();
        self.log.lock().unwrap().push(request);
        stream.write_all(&answer.body)
    }

    fn route(&self, site: &Site, request: &Request) -> Answer {
        let path = request.path.split('?').next().unwrap();
        let on_cdn = path.strip_prefix("/cdn/");
        if let Some(token) = site.token.filter(|_| on_cdn.is_none())
            && request.token.as_deref() != Some(&format!("Bearer {token}"))
        {
            return Answer::status("401 Unauthorized", "X-Error-Code: GatedRepo\r\n");
        }
        if let Some(hash) = on_cdn {
            let found = site.files.iter().find(|(_, bytes)| sha256(bytes) == hash);
            return found
                .map_or_else(Answer::missing, |(name, bytes)| Answer::file(site, name, bytes, request));
        }
        if let Some(revision) = path.strip_prefix(&format!("/api/models/{REPOSITORY}/revision/")) {
            return match revision {
                "main" | "v1" | COMMIT => Answer::ok(describe(site).into_bytes()),
                _ => Answer::status("404 Not Found", "X-Error-Code: RevisionNotFound\r\n"),
            };
        }
        match path.strip_prefix(&format!("/{REPOSITORY}/resolve/{COMMIT}/")) {
            Some(name) => match site.files.get_key_value(name) {
                Some((name, bytes)) if is_large(name) => {
                    let location =
                        format!("Location: http://localhost:{}/cdn/{}\r\n", self.port, sha256(bytes));
                    Answer::status("302 Found", &location)
                }
                Some((name, bytes)) => Answer::file(site, name, bytes, request),
                None => Answer::status("404 Not Found", "X-Error-Code: EntryNotFound\r\n"),
            },
            None => Answer::status("401 Unauthorized", "X-Error-Code: RepoNotFound\r\n"),
        }
    }
}

struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn status(status: &str, headers: &str) -> Self {
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: 0\r\nConnection: close\r\n\r\n");
        Self { head, body: Vec::new() }
    }

    fn missing() -> Self {
        Self::status("404 Not Found", "")
    }

    fn ok(body: Vec<u8>) -> Self {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        Self { head, body }
    }

    fn file(site: &Site, name: &str, bytes: &[u8], request: &Request) -> Self {
        let mut bytes = bytes.to_vec();
        if site.damages == Some(name) {
            bytes[0] ^= 1;
        }
        let range = request.range.as_deref().filter(|_| !site.ignores_ranges);
        let start = range.map_or(0, |range| {
            range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap().parse::<usize>().unwrap()
        });
        let mut answer = Self::ok(bytes[start..].to_vec());
        if range.is_some() {
            let content = format!("Content-Range: bytes {start}-{}/{}\r\n", bytes.len() - 1, bytes.len());
            answer.head = answer.head.replace("200 OK\r\n", &format!("206 Partial Content\r\n{content}"));
        }
        if let Some(cut) = site.cut.as_ref().filter(|cut| cut.file == name) {
            answer.body.truncate(cut.after);
        }
        answer
    }
}

/// The answer to `api/models/{id}/revision/{revision}?blobs=true`.
fn describe(site: &Site) -> String {
    let siblings: Vec<_> = site
        .files
        .iter()
        .map(|(name, bytes)| {
            let mut sibling =
                serde_json::json!({ "rfilename": name, "size": bytes.len(), "blobId": git_hash(bytes) });
            if is_large(name) {
                sibling["lfs"] =
                    serde_json::json!({ "sha256": sha256(bytes), "size": bytes.len(), "pointerSize": 134 });
            }
            sibling
        })
        .collect();
    serde_json::json!({ "id": REPOSITORY, "sha": COMMIT, "siblings": siblings }).to_string()
}

fn is_large(name: &str) -> bool {
    name.ends_with(".safetensors") || name.ends_with("tokenizer.json")
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name that Git gives to a file of these bytes.
fn git_hash(bytes: &[u8]) -> String {
    let object = [format!("blob {}\0", bytes.len()).as_bytes(), bytes].concat();
    Sha1::digest(object).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_request(stream: &TcpStream) -> std::io::Result<Request> {
    let mut lines = BufReader::new(stream.take(MAX_HEAD)).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut request =
        Request { path: first.split(' ').nth(1).unwrap_or_default().to_owned(), ..Request::default() };
    for line in lines {
        let line = line?;
        let Some((name, value)) = line.split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "host" => request.host = value.to_owned(),
            "range" => request.range = Some(value.to_owned()),
            "authorization" => request.token = Some(value.to_owned()),
            _ => {}
        }
    }
    Ok(request)
}
