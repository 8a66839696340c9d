use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;
use xshell::{Shell, cmd};

use super::cases::Case;
use crate::Failure;

/// How the processes of a case are started.
pub(super) struct Sides {
    /// Our program.
    pub(super) ours: PathBuf,
    pub(super) pytorch: PyTorch,
    /// PyTorch's program.
    pub(super) script: PathBuf,
    pub(super) threads: usize,
}

impl Sides {
    pub(super) fn ours(&self, case: &Case) -> Result<Side, Failure> {
        let mut command = Command::new(&self.ours);
        command.arg(case.name).env("RAYON_NUM_THREADS", self.threads.to_string());
        Side::start("ours", command)
    }

    pub(super) fn pytorch(&self, case: &Case, dtype: &'static str) -> Result<Side, Failure> {
        let threads = self.threads.to_string();
        let mut command = Command::new(&self.pytorch.python);
        command
            .arg("-B")
            .arg(&self.script)
            .args([case.name, dtype, &threads])
            .env("OMP_NUM_THREADS", &threads);
        Side::start(dtype, command)
    }
}

/// A Python that has PyTorch.
pub(super) struct PyTorch {
    python: PathBuf,
    pub(super) version: String,
}

impl PyTorch {
    pub(super) fn find(python: &Path) -> Result<Self, Failure> {
        let asked = Command::new(python).args(["-c", "import torch; print(torch.__version__)"]).output();
        let name = python.display();
        let output =
            asked.map_err(|e| Failure::Work(format!("cannot start `{name}`, given as --python: {e}")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let reason = said.trim().lines().last().unwrap_or("it says nothing").to_owned();
            let remedy = "install it there with `pip install torch`, or name another Python";
            return Err(Failure::Work(format!("`{name}` has no PyTorch ({reason}); {remedy}")));
        }
        let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        Ok(Self { python: python.to_owned(), version })
    }
}

/// Builds our side and says where it is.
pub(super) fn build(shell: &Shell) -> Result<PathBuf, Failure> {
    let arguments = "build --release --workspace --bin side";
    let arguments = arguments.split_whitespace().chain(["--message-format", "json-render-diagnostics"]);
    let messages = cmd!(shell, "cargo {arguments...}").quiet().read()?;
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let programs = built.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    let ours = programs.into_iter().find(|path| path.file_stem().is_some_and(|name| name == "side"));
    ours.ok_or_else(|| Failure::Work("cargo built no program `side`".into()))
}

/// A living process that does one case whenever it is asked.
pub(super) struct Side {
    pub(super) name: &'static str,
    /// Its memory before it had weights.
    pub(super) bare: Option<u64>,
    child: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Side {
    /// Starts a process and waits until it is ready.
    fn start(name: &'static str, mut command: Command) -> Result<Self, Failure> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(commands), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::Work("a process was started without pipes".into()));
        };
        let answers = BufReader::new(answers).lines();
        let mut side = Self { name, bare: None, child, commands, answers };
        side.bare = side.answer()?["bare"].as_u64();
        Ok(side)
    }

    pub(super) fn ask(&mut self, command: &str) -> Result<Value, Failure> {
        // A process that has ended is told by its missing answer.
        let _ = writeln!(self.commands, "{command}");
        self.answer()
    }

    fn answer(&mut self) -> Result<Value, Failure> {
        match self.answers.next().transpose()? {
            Some(line) => Ok(serde_json::from_str(&line)?),
            None => Err(Failure::Work(format!("the process `{}` ended: see above", self.name))),
        }
    }
}

impl Drop for Side {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
