//! A folder to work in, and the program run in it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use omnigen2_pipeline::pixels::RgbImage;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/tiny-checkpoint");

/// A folder for outputs, empty at first, and one for inputs.
pub(crate) struct Place {
    root: TempDir,
}

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("out")).unwrap();
        Self { root }
    }

    /// A path in the folder for outputs.
    pub(crate) fn out(&self, name: &str) -> PathBuf {
        self.root.path().join("out").join(name)
    }

    /// What is in the folder for outputs, sorted.
    pub(crate) fn written(&self) -> Vec<String> {
        let entries = fs::read_dir(self.root.path().join("out")).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(crate) fn input(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A picture whose pixels depend on its size and `salt`.
    pub(crate) fn picture(&self, name: &str, size: [u32; 2], salt: u8) -> PathBuf {
        let path = self.input(name);
        let pixel = |x: u32, y: u32| image::Rgb([(3 * x) as u8, (5 * y) as u8, salt]);
        RgbImage::from_fn(size[0], size[1], pixel).save(&path).unwrap();
        path
    }

    /// A copy of the tiny checkpoint that may be damaged.
    pub(crate) fn checkpoint(&self) -> PathBuf {
        let copy = self.input("checkpoint");
        copy_all(Path::new(TINY), &copy);
        copy
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_omnigen2"));
        command.args(arguments).current_dir(self.root.path().join("out"));
        command.env_remove("OMNIGEN2_CHECKPOINT").env_remove("RUST_LOG");
        command.env("RUST_BACKTRACE", "1").env("HF_HUB_OFFLINE", "1");
        command.env("HF_HOME", self.input("hub"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// As [`run`](Self::run), with `lines` on stdin.
    pub(crate) fn feed(&self, arguments: &[&str], lines: impl AsRef<[u8]>) -> Run {
        let mut command = self.command(arguments);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(lines.as_ref());
        Run::of(child.wait_with_output().unwrap())
    }

    /// Two steps of a small picture from the tiny checkpoint, with more arguments, which may override these.
    pub(crate) fn draw(&self, more: &[&str]) -> Run {
        self.draw_from(TINY, more)
    }

    pub(crate) fn draw_from(&self, checkpoint: &str, more: &[&str]) -> Run {
        let mut arguments = vec!["generate", "--checkpoint", checkpoint];
        let usual = [("--steps", "2"), ("--size", "48x32"), ("--seed", "7"), ("-o", "out.png")];
        for (option, value) in usual {
            if !more.contains(&option) {
                arguments.extend([option, value]);
            }
        }
        arguments.extend(more);
        self.run(&arguments)
    }
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "stderr: {}", self.stderr);
        self
    }

    /// It ended with this code, one clear line that holds each of `parts`, and perhaps causes.
    pub(crate) fn failed(&self, code: i32, parts: &[&str]) {
        let Self { stdout, stderr, .. } = self;
        assert_eq!(self.code, code, "stderr: {stderr}");
        assert!(stdout.is_empty(), "stdout: {stdout}");
        let errors = stderr.lines().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(errors, 1, "{stderr}");
        assert!(parts.iter().all(|part| stderr.contains(part)), "{parts:?} are not in: {stderr}");
        assert!(!stderr.contains("panicked") && !stderr.contains("backtrace"), "{stderr}");
    }
}

pub(crate) fn pixels(path: &Path) -> RgbImage {
    image::open(path).unwrap().to_rgb8()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Changes a JSON file.
pub(crate) fn edit_json(path: &Path, edit: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    edit(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

/// Changes header and data of a safetensors file.
pub(crate) fn edit_tensors(path: &Path, edit: impl FnOnce(&mut Value, &mut Vec<u8>)) {
    let file = fs::read(path).unwrap();
    let (length, rest) = file.split_first_chunk::<8>().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let (mut header, mut data) = (serde_json::from_slice(header).unwrap(), data.to_vec());
    edit(&mut header, &mut data);
    let header = header.to_string();
    let length = (header.len() as u64).to_le_bytes();
    fs::write(path, [&length[..], header.as_bytes(), &data].concat()).unwrap();
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::write(target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

/// Sends a signal, such as `-INT`, which is Ctrl-C.
#[cfg(unix)]
pub(crate) fn send(signal: &str, id: &str) {
    assert!(Command::new("kill").args([signal, id]).status().unwrap().success());
}
