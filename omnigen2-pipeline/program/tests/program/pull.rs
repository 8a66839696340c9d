use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use omnigen2_pipeline::metadata;
use omnigen2_pipeline::pixels::RgbImage;

use crate::place::{Place, TINY};
use crate::server::{COMMIT, Cut, REPOSITORY, Server, Site};

const SHARD: &str = "transformer/diffusion_pytorch_model-00003-of-00006.safetensors";
const CUT_AFTER: usize = 200_000;

/// The tiny checkpoint on a hub whose connection breaks once.
fn hub() -> Server {
    let mut files = BTreeMap::new();
    collect(Path::new(TINY), "", &mut files);
    Server::start(Site { files, cut: Some(Cut { file: SHARD, after: CUT_AFTER }), ..Site::default() })
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read(path).unwrap());
        }
    }
}

fn succeeded(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn a_pull_goes_on_after_a_break_and_prints_the_directory() {
    let (place, server) = (Place::new(), hub());
    let (endpoint, cache) = (server.endpoint(), place.input("cache"));
    let arguments = ["pull", REPOSITORY, "--endpoint", &endpoint, "--cache", cache.to_str().unwrap()];
    let pulled = succeeded(place.command(&arguments).env_remove("HF_HUB_OFFLINE"));
    let directory = String::from_utf8(pulled.stdout).unwrap();
    assert!(directory.trim_end().ends_with(COMMIT), "{directory}");
    let shard = Path::new(directory.trim_end()).join(SHARD);
    assert!(fs::read(shard).unwrap() == fs::read(Path::new(TINY).join(SHARD)).unwrap());
}

#[test]
fn a_repository_serves_as_a_checkpoint_and_its_commit_is_recorded() {
    let (place, server) = (Place::new(), hub());
    let arguments = ["generate", "a fox", "--checkpoint", REPOSITORY, "--steps", "1", "--size", "32x32"];
    let mut online = place.command(&arguments);
    succeeded(online.env_remove("HF_HUB_OFFLINE").env("HF_ENDPOINT", server.endpoint()));
    let record = metadata::read(place.out("omnigen2.png")).unwrap();
    assert_eq!(record.checkpoint, format!("{REPOSITORY}@{COMMIT}"));
    let again = ["generate", "--like", "omnigen2.png", "-o", "again.png"];
    succeeded(&mut place.command(&again));
    assert_eq!(place.written(), ["again.png", "omnigen2.png"]);
}

#[test]
fn a_picture_does_not_decide_what_is_fetched() {
    let (place, server) = (Place::new(), hub());
    let online = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env_remove("HF_HUB_OFFLINE").env("HF_ENDPOINT", server.endpoint()).env("HF_TOKEN", "secret");
        command
    };
    let arguments = ["generate", "a fox", "--checkpoint", TINY, "--steps", "1", "--size", "32x32"];
    succeeded(&mut online(&arguments));
    let mut record = metadata::read(place.out("omnigen2.png")).unwrap();
    record.checkpoint = format!("{REPOSITORY}@{COMMIT}");
    metadata::save(place.out("stranger.png"), &RgbImage::new(32, 32), &record).unwrap();

    let again = ["generate", "--like", "stranger.png", "-o", "again.png"];
    let refused = online(&again).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(7), "{said}");
    assert!(said.contains(REPOSITORY) && said.contains("--pull fetches it"), "{said}");
    assert!(server.requests().is_empty(), "nothing is asked of the hub");
    succeeded(&mut online(&[&again[..], &["--pull"]].concat()));
    assert!(!server.requests().is_empty());
    assert_eq!(place.written(), ["again.png", "omnigen2.png", "stranger.png"]);
}
