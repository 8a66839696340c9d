use std::io::{BufRead, BufReader};
use std::process::Stdio;
#[cfg(unix)]
use std::{thread::sleep, time::Duration};

use crate::place::{Place, TINY};
#[cfg(unix)]
use crate::{chat, place::interrupt};

/// More than can be taken before the signal comes.
const MANY_STEPS: &str = "1000";

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_nothing_behind() {
    ends("generate");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_reflection() {
    ends("reflect");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_chat_that_waits_for_a_line() {
    let place = Place::new();
    let mut command = place.command(&chat::arguments(&[]));
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(stderr.any(|line| line.unwrap().starts_with("seed ")));
    while child.try_wait().unwrap().is_none() {
        sleep(Duration::from_millis(200));
        interrupt(&child);
    }
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[cfg(unix)]
fn ends(command: &str) {
    let place = Place::new();
    let arguments = [command, "a fox", "--checkpoint", TINY, "--size", "128x128", "--steps", MANY_STEPS];
    let mut child = place.command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(stderr.by_ref().any(|line| line.unwrap().starts_with("seed ")));
    interrupt(&child);
    let said: Vec<_> = stderr.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("error: interrupted")), "{said:?}");
    assert_eq!(place.written(), [""; 0]);
}

#[test]
fn nobody_has_to_read_the_results() {
    let place = Place::new();
    let mut child =
        place.command(&["presets"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_help_lists_the_exit_codes() {
    let help = Place::new().run(&["--help"]).succeeded().stdout;
    for line in ["  0  done", "  3  the checkpoint", "  7  ", "130  interrupted"] {
        assert!(help.contains(line), "{line} is not in: {help}");
    }
}
