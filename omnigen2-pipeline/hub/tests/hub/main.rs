//! The download of checkpoints, against a small hub on loopback.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

mod server;

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::Path;

use omnigen2_files::faults;
use omnigen2_hub::{Hub, HubError, Progress, RepositoryId};
use server::{COMMIT, Cut, REPOSITORY, Request, Server, Site, sha256};
use tempfile::TempDir;

const SHARD: &str = "transformer/diffusion_pytorch_model-00002-of-00002.safetensors";
const SHARD_BYTES: usize = 600_000;
const CUT_AFTER: usize = 200_000;
/// A number that is prime to those of the changes of a file, so that each of them is stopped at.
const STOP_EVERY: usize = 5;
/// More breaks than a pull should take before it gives up.
const MOST_BREAKS: usize = 6;

/// Bytes that differ from one file to the next, so that a mix-up shows.
fn bytes(name: &str, length: usize) -> Vec<u8> {
    name.bytes().cycle().zip(0u64..).take(length).map(|(b, i)| b ^ ((i * i) >> 7) as u8).collect()
}

fn needed() -> Vec<(&'static str, Vec<u8>)> {
    let index = |stem: &str, shards: usize| {
        let map: serde_json::Map<_, _> = (1..=shards)
            .map(|i| (format!("tensor.{i}"), format!("{stem}-{i:05}-of-{shards:05}.safetensors").into()))
            .collect();
        serde_json::json!({ "metadata": { "total_size": 1 }, "weight_map": map }).to_string().into_bytes()
    };
    let small = |name: &'static str| (name, format!("{{\"file\": \"{name}\"}}").into_bytes());
    let large = |name: &'static str, length| (name, bytes(name, length));
    vec![
        small("model_index.json"),
        small("transformer/config.json"),
        small("mllm/config.json"),
        small("mllm/generation_config.json"),
        small("vae/config.json"),
        small("scheduler/scheduler_config.json"),
        small("processor/tokenizer_config.json"),
        small("processor/preprocessor_config.json"),
        small("processor/special_tokens_map.json"),
        large("processor/tokenizer.json", 5_000),
        ("transformer/diffusion_pytorch_model.safetensors.index.json", index("diffusion_pytorch_model", 2)),
        large("transformer/diffusion_pytorch_model-00001-of-00002.safetensors", 300_000),
        large(SHARD, SHARD_BYTES),
        ("mllm/model.safetensors.index.json", index("model", 1)),
        large("mllm/model-00001-of-00001.safetensors", 1_000),
        large("vae/diffusion_pytorch_model.safetensors", 2_000),
    ]
}

fn site() -> Site {
    let useless = [
        "README.md",
        "assets/teaser.png",
        "transformer/transformer_omnigen2.py",
        "transformer/diffusion_pytorch_model-00001-of-00003.safetensors",
        "processor/merges.txt",
        "processor/vocab.json",
    ];
    let files = needed().into_iter().chain(useless.map(|name| (name, b"useless".to_vec())));
    Site { files: files.map(|(name, bytes)| (name.to_owned(), bytes)).collect(), ..Site::default() }
}

struct Client {
    hub: Hub,
    cache: TempDir,
}

impl Client {
    fn new(endpoint: String) -> Self {
        let cache = tempfile::tempdir().unwrap();
        Self { hub: Hub { endpoint, token: None, cache: cache.path().into(), offline: false }, cache }
    }

    fn pull(&self) -> Result<std::path::PathBuf, HubError> {
        self.hub.pull(&repository())?.finish()
    }

    /// Paths below the repository's folder in the cache, links not followed.
    fn files(&self) -> BTreeSet<String> {
        let folder = self.cache.path().join("models--someone--tiny-omnigen2");
        let mut found = BTreeSet::new();
        let mut folders = vec![folder.clone()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.symlink_metadata().unwrap().is_dir() {
                    folders.push(path);
                } else {
                    found.insert(path.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found
    }
}

fn repository() -> RepositoryId {
    RepositoryId::new(REPOSITORY).unwrap()
}

fn start() -> (Server, Client) {
    let server = Server::start(site());
    let client = Client::new(server.endpoint());
    (server, client)
}

/// An address where nobody listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn assert_whole(snapshot: &Path) {
    assert!(snapshot.ends_with(format!("snapshots/{COMMIT}")));
    for (name, bytes) in needed() {
        assert!(fs::read(snapshot.join(name)).unwrap() == bytes, "{name}");
    }
}

fn fetched(requests: &[Request]) -> Vec<&str> {
    requests.iter().filter_map(|request| request.path.split_once("/resolve/")).map(|(_, file)| file).collect()
}

#[test]
fn a_pull_fetches_what_is_needed_and_nothing_else() {
    let (server, client) = start();
    let mut pull = client.hub.pull(&repository()).unwrap();
    assert_eq!(pull.commit(), COMMIT);
    let total = pull.bytes_left();
    let progress: Vec<Progress> = pull.by_ref().map(Result::unwrap).collect();
    let snapshot = pull.finish().unwrap();
    assert_whole(&snapshot);

    let wanted: BTreeSet<_> = needed().into_iter().map(|(name, _)| format!("{COMMIT}/{name}")).collect();
    let requests = server.requests();
    assert_eq!(fetched(&requests).len(), wanted.len(), "no file twice");
    assert_eq!(fetched(&requests).into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), wanted);

    assert!(progress.windows(2).all(|pair| pair[0].bytes_done <= pair[1].bytes_done));
    let last = progress.last().unwrap();
    assert_eq!((last.bytes_done, last.bytes_total), (total, total));
    assert_eq!((last.files_done, last.files_total), (needed().len() - 2, needed().len() - 2));
    assert!(progress.iter().filter(|step| step.file == SHARD).count() >= SHARD_BYTES / (256 << 10));

    let files = client.files();
    assert!(files.contains("refs/main") && !files.iter().any(|file| file.ends_with(".incomplete")));
    let blob = format!("blobs/{}", sha256(&bytes(SHARD, SHARD_BYTES)));
    assert!(files.contains(&blob), "large files lie under their SHA-256, as the Python client has them");
}

#[test]
fn a_second_pull_fetches_nothing() {
    let (server, client) = start();
    let first = client.pull().unwrap();
    server.requests();
    let mut again = client.hub.pull(&repository()).unwrap();
    assert_eq!(again.bytes_left(), 0);
    assert!(again.next().is_none());
    assert_eq!(again.finish().unwrap(), first);
    assert_eq!(client.hub.pull(&repository().at("v1").unwrap()).unwrap().finish().unwrap(), first);
    assert!(fetched(&server.requests()).is_empty());
    assert!(client.files().contains("refs/v1"));
}

#[test]
fn a_cut_connection_is_said_and_the_next_run_goes_on_from_there() {
    let (server, client) = start();
    server.change(|site| site.cut = Some(Cut { file: SHARD, after: CUT_AFTER }));
    let error = client.pull().unwrap_err();
    let HubError::Interrupted { file, received, total, .. } = &error else { panic!("{error:?}") };
    assert_eq!((file.as_str(), *received, *total), (SHARD, CUT_AFTER as u64, SHARD_BYTES as u64));
    let text = error.to_string();
    assert!(text.contains(REPOSITORY) && text.contains("200000 of 600000") && text.contains("run again"));

    let partial = format!("blobs/{}.incomplete", sha256(&bytes(SHARD, SHARD_BYTES)));
    let files = client.files();
    assert!(files.contains(&partial) && !files.contains(&format!("snapshots/{COMMIT}/{SHARD}")));
    assert!(!files.contains("refs/main"), "the revision means nothing before its snapshot is whole");

    server.change(|site| site.cut = None);
    server.requests();
    assert_whole(&client.pull().unwrap());
    let requests = server.requests();
    let shard: Vec<_> =
        requests.iter().filter(|request| request.range.is_some() && request.sent > 0).collect();
    assert_eq!(shard.len(), 1);
    assert_eq!(shard[0].range.as_deref(), Some("bytes=200000-"));
    assert_eq!(shard[0].sent, SHARD_BYTES - CUT_AFTER);
    assert!(!client.files().contains(&partial));
}

#[test]
fn the_same_pull_may_go_on_after_a_cut() {
    let (server, client) = start();
    server.change(|site| site.cut = Some(Cut { file: SHARD, after: CUT_AFTER }));
    let mut pull = client.hub.pull(&repository()).unwrap();
    let cuts = pull.by_ref().filter(Result::is_err).take(3).count();
    assert_eq!(cuts, 2, "600000 bytes come in three pieces of 200000");
    assert_whole(&pull.finish().unwrap());
}

#[test]
fn a_dropped_pull_leaves_only_whole_files_in_the_snapshot() {
    let (_server, client) = start();
    let mut pull = client.hub.pull(&repository()).unwrap();
    let begun = pull.find(|step| step.as_ref().is_ok_and(|step| step.file == SHARD)).unwrap().unwrap();
    drop(pull);
    assert!(begun.received < begun.total);
    assert!(!client.files().contains(&format!("snapshots/{COMMIT}/{SHARD}")));
    let offline = Hub { offline: true, ..client.hub.clone() };
    assert!(matches!(offline.pull(&repository()), Err(HubError::NotCached { .. })));
    assert_whole(&client.pull().unwrap());
}

#[test]
fn a_server_without_ranges_is_begun_again() {
    let (server, client) = start();
    server.change(|site| site.cut = Some(Cut { file: SHARD, after: CUT_AFTER }));
    assert!(client.pull().is_err());
    server.change(|site| (site.cut, site.ignores_ranges) = (None, true));
    assert_whole(&client.pull().unwrap());
}

#[test]
fn a_server_without_ranges_that_always_breaks_off_is_given_up() {
    let (server, client) = start();
    let cut = Some(Cut { file: SHARD, after: CUT_AFTER });
    server.change(|site| (site.cut, site.ignores_ranges) = (cut, true));
    let mut pull = client.hub.pull(&repository()).unwrap();
    let errors: Vec<_> = pull.by_ref().filter_map(Result::err).take(MOST_BREAKS).collect();
    let (last, broken) = errors.split_last().unwrap();
    let HubError::Stalled { file, received, attempts, .. } = last else { panic!("{last:?}") };
    assert_eq!((file.as_str(), *received, *attempts as usize), (SHARD, CUT_AFTER as u64, broken.len()));
    assert!(broken.iter().all(|error| matches!(error, HubError::Interrupted { .. })), "{broken:?}");
    let text = last.to_string();
    assert!(text.contains("brought no more of") && text.contains("HF_ENDPOINT"), "{text}");
}

#[test]
fn damaged_bytes_are_thrown_away() {
    for (name, hash) in [(SHARD, "SHA-256"), ("vae/config.json", "Git's hash")] {
        let (server, client) = start();
        server.change(|site| site.damages = Some(name));
        let error = client.pull().unwrap_err();
        let HubError::Corrupt { file, expected, .. } = &error else { panic!("{error:?}") };
        assert!(file == name && expected.starts_with(hash), "{error:?}");
        assert!(!client.files().contains(&format!("snapshots/{COMMIT}/{name}")));
        server.change(|site| site.damages = None);
        assert_whole(&client.pull().unwrap());
    }
}

#[test]
fn a_wrong_token_is_refused_and_the_right_one_goes_to_the_hub_alone() {
    let (server, mut client) = start();
    server.change(|site| site.token = Some("right"));
    for token in [None, Some("wrong".to_owned())] {
        client.hub.token = token;
        let error = client.pull().unwrap_err();
        assert!(matches!(error, HubError::Denied { status: 401, .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("HF_TOKEN") && text.contains("licence") && !text.contains("wrong"), "{text}");
    }
    server.requests();
    client.hub.token = Some("right".to_owned());
    assert_whole(&client.pull().unwrap());
    for request in server.requests() {
        let on_cdn = request.path.starts_with("/cdn/");
        assert_eq!(request.host.starts_with("localhost"), on_cdn);
        assert_eq!(request.token.is_none(), on_cdn, "{request:?}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let (server, client) = start();
    let absent = RepositoryId::new("someone/else").unwrap();
    let error = client.hub.pull(&absent).map(drop).unwrap_err();
    assert!(matches!(error, HubError::RepositoryNotFound { .. }), "{error:?}");
    assert!(error.to_string().contains("someone/else@main"));

    let error = client.hub.pull(&repository().at("v9").unwrap()).map(drop).unwrap_err();
    assert!(matches!(error, HubError::RevisionNotFound { .. }), "{error:?}");
    assert!(error.to_string().contains("@v9"));

    server.change(|site| drop(site.files.remove("vae/config.json")));
    let error = client.pull().unwrap_err();
    assert!(matches!(&error, HubError::FileMissing { file, .. } if file == "vae/config.json"), "{error:?}");
}

#[test]
fn a_complete_cache_needs_no_network() {
    let (server, mut client) = start();
    let snapshot = client.pull().unwrap();
    server.requests();

    let offline = Hub { offline: true, ..client.hub.clone() };
    assert_eq!(offline.pull(&repository()).unwrap().finish().unwrap(), snapshot);
    let pinned = repository().at(COMMIT).unwrap();
    assert_eq!(client.hub.pull(&pinned).unwrap().finish().unwrap(), snapshot);
    assert!(server.requests().is_empty());

    client.hub.endpoint = nowhere();
    assert_eq!(client.pull().unwrap(), snapshot, "the cache serves when the hub is out of reach");
}

#[test]
fn an_empty_cache_needs_the_network() {
    let client = Client::new(nowhere());
    let offline = Hub { offline: true, ..client.hub.clone() };
    for repository in [repository(), repository().at(COMMIT).unwrap()] {
        let error = offline.pull(&repository).map(drop).unwrap_err();
        assert!(matches!(error, HubError::NotCached { .. }), "{error:?}");
        let error = client.hub.pull(&repository).map(drop).unwrap_err();
        assert!(matches!(error, HubError::Unreachable { .. }), "{error:?}");
    }
    let confused = Hub { endpoint: "no address".to_owned(), ..client.hub.clone() };
    assert!(matches!(confused.pull(&repository()).map(drop), Err(HubError::Unreachable { .. })));
    assert!(client.files().is_empty());
}

#[test]
fn a_hostile_index_leads_nowhere() {
    let index = "transformer/diffusion_pytorch_model.safetensors.index.json";
    for text in [
        r#"{"weight_map": {"a": "../../../evil"}}"#,
        r#"{"weight_map": {"a": "/etc/passwd"}}"#,
        r#"{"weight_map": {}}"#,
        r#"{"weight_map": 1}"#,
        "",
    ] {
        let (server, client) = start();
        server.change(|site| drop(site.files.insert(index.to_owned(), text.into())));
        let error = client.pull().unwrap_err();
        assert!(matches!(&error, HubError::BadIndex { file, .. } if file == index), "{text}: {error:?}");
    }
    let (server, client) = start();
    let text = r#"{"weight_map": {"a": "absent.safetensors"}}"#;
    server.change(|site| drop(site.files.insert(index.to_owned(), text.into())));
    let error = client.pull().unwrap_err();
    assert!(matches!(&error, HubError::FileMissing { file, .. } if file == "transformer/absent.safetensors"));
}

#[test]
fn two_pulls_do_not_write_the_same_file() {
    let (_server, client) = start();
    let mut first = client.hub.pull(&repository()).unwrap();
    first.find(|step| step.as_ref().is_ok_and(|step| step.file == SHARD)).unwrap().unwrap();
    let error = client.pull().unwrap_err();
    let HubError::Busy { file, holder, lock, .. } = &error else { panic!("{error:?}") };
    assert!(file == SHARD && lock.exists(), "{error:?}");
    assert!(holder.starts_with(&format!("process {} (", std::process::id())), "{holder}");
    assert_whole(&first.finish().unwrap());
    assert!(!lock.exists());
}

#[test]
fn what_another_pull_brought_meanwhile_is_not_fetched_again() {
    let (server, client) = start();
    let slower = client.hub.pull(&repository()).unwrap();
    let snapshot = client.pull().unwrap();
    server.requests();
    let (total, files) = (slower.bytes_left(), needed().len() - 2);
    let mut slower = slower;
    let last = slower.by_ref().map(Result::unwrap).last().unwrap();
    assert_eq!((last.bytes_done, last.files_done), (total, files));
    assert_eq!(slower.finish().unwrap(), snapshot);
    assert!(fetched(&server.requests()).is_empty());
}

#[test]
fn what_killed_pulls_left_is_cleared_and_what_goes_on_stays() {
    let (server, client) = start();
    server.change(|site| site.cut = Some(Cut { file: SHARD, after: CUT_AFTER }));
    assert!(client.pull().is_err());
    server.change(|site| site.cut = None);
    server.requests();
    let folder = client.cache.path().join("models--someone--tiny-omnigen2");
    let partial = |blob: &str| folder.join("blobs").join(format!("{blob}.incomplete"));
    let (nobodys, held, come) = ("a".repeat(64), "b".repeat(64), sha256(&bytes("vae/config.json", 1)));
    for blob in [&nobodys, &held, &come] {
        fs::write(partial(blob), "some bytes").unwrap();
    }
    fs::write(folder.join("blobs").join(&come), "all of it").unwrap();
    fs::create_dir_all(folder.join("refs")).unwrap();
    fs::write(folder.join("refs/.omnigen2-999999999-0"), "half").unwrap();
    let locks = client.cache.path().join(".locks/models--someone--tiny-omnigen2");
    let other = fs::File::create(locks.join(format!("{held}.lock"))).unwrap();
    other.lock().unwrap();

    assert_whole(&client.pull().unwrap());
    let left: Vec<_> = client.files().into_iter().filter(|file| file.contains("incomplete")).collect();
    assert_eq!(left, [format!("blobs/{held}.incomplete")]);
    assert!(!client.files().iter().any(|file| file.contains(".omnigen2-")));
    assert!(server.requests().iter().any(|request| request.range.as_deref() == Some("bytes=200000-")));
}

#[cfg(unix)]
#[test]
fn files_have_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let (_server, client) = start();
    let snapshot = client.pull().unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode();
    let usual = client.cache.path().join("usual");
    fs::write(&usual, "").unwrap();
    let reference = client.cache.path().join("models--someone--tiny-omnigen2/refs/main");
    for path in [snapshot.join(SHARD), snapshot.join("vae/config.json"), reference] {
        assert_eq!(mode(&path), mode(&usual), "{}", path.display());
    }
}

#[test]
fn a_pull_that_is_killed_at_any_change_is_whole_when_begun_again() {
    for stop in (0..).step_by(STOP_EVERY) {
        let (_server, client) = start();
        let outcome = faults::stopping_at(stop, || client.pull());
        assert_whole(&client.pull().unwrap());
        let remains = |file: &String| file.contains(".incomplete") || file.contains(".omnigen2-");
        assert!(!client.files().iter().any(remains), "after {stop} changes: {:?}", client.files());
        if outcome.is_some() {
            assert!(stop > needed().len(), "a pull changes more than {stop} files");
            return;
        }
    }
}
