use std::io::{BufRead, BufReader};
use std::process::Stdio;
#[cfg(unix)]
use std::{
    fs,
    io::Read,
    process::Child,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::place::{Place, TINY};
#[cfg(unix)]
use crate::{
    chat,
    place::{send, text},
};

/// More than can be taken before the signal comes.
const MANY_STEPS: &str = "1000";
/// How long a program may take to end, on a machine that does much else.
#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(60);

#[cfg(unix)]
fn signal(name: &str, child: &Child) {
    send(name, &child.id().to_string());
}

#[cfg(unix)]
#[test]
fn drawing_ends_and_leaves_nothing_behind() {
    let drawing =
        |command| [command, "a fox", "--checkpoint", TINY, "--size", "128x128", "--steps", MANY_STEPS];
    ends(&drawing("generate"), "seed ");
    ends(&drawing("reflect"), "seed ");
}

#[cfg(unix)]
#[test]
fn what_draws_many_pictures_ends_and_leaves_nothing_behind() {
    let using = "using the small shapes model";
    ends(&["eval", "shapes", "--checkpoint", "shapes", "-n", "100000", "--failures", "."], using);
    ends(&["sketches", ".", "--checkpoint", "shapes", "-n", "100000"], using);
}

#[cfg(unix)]
#[test]
fn measuring_ends_and_leaves_nothing_behind() {
    ends(&["bench", "shapes"], "using the small shapes model");
}

/// It begins by saying a line that begins so, and each signal ends it.
#[cfg(unix)]
fn ends(arguments: &[&str], begins: &str) {
    for (name, code, why) in [("-INT", 130, "error: interrupted"), ("-TERM", 143, "error: terminated")] {
        let place = Place::new();
        let mut child =
            place.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(stderr.by_ref().any(|line| line.unwrap().starts_with(begins)));
        signal(name, &child);
        let said: Vec<_> = stderr.map(Result::unwrap).collect();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{said:?}");
        assert!(said.iter().any(|line| line.starts_with(why)), "{said:?}");
        assert_eq!(place.written(), [""; 0]);
    }
}

#[cfg(unix)]
#[test]
fn a_description_ends_in_the_middle() {
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let place = Place::new();
        let picture = place.picture("fox.png", [64, 48], 0);
        let arguments =
            ["describe", text(&picture), "--checkpoint", TINY, "--max-tokens", "3000", "--seed", "1"];
        let mut child =
            place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 3]).unwrap();
        signal(name, &child);
        let mut said = Vec::new();
        stdout.read_to_end(&mut said).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(said.last(), Some(&b'\n'), "the line is ended");
    }
}

#[cfg(unix)]
#[test]
fn a_chat_that_waits_for_a_line_ends_at_once() {
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let place = Place::new();
        let mut command = place.command(&chat::arguments(&[]));
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(stderr.any(|line| line.unwrap().starts_with("seed ")));
        while child.try_wait().unwrap().is_none() {
            sleep(Duration::from_millis(200));
            signal(name, &child);
        }
        assert_eq!(child.wait().unwrap().code(), Some(code));
    }
}

#[cfg(unix)]
#[test]
fn sigterm_ends_a_chat_after_its_reply() {
    let place = Place::new();
    let mut command = place.command(&chat::arguments(&["--max-tokens", "3000"]));
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, b"hello\nyou\n").unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 3]).unwrap();
    signal("-TERM", &child);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(143), "{stderr}");
    assert!(stderr.contains("error: terminated"), "{stderr}");
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 1, "one reply, which is ended");
}

/// The second signal does not wait, and what is written is there as it was or not at all.
#[cfg(unix)]
#[test]
fn the_second_signal_ends_at_once() {
    for (second, code) in [("-INT", 130), ("-TERM", 143)] {
        let place = Place::new();
        fs::write(place.out("out.png"), "as it was").unwrap();
        let drawing = ["generate", "a fox", "--checkpoint", TINY, "-o", "out.png"];
        let arguments = [&drawing[..], &["--size", "512x512", "--steps", MANY_STEPS]].concat();
        let mut child =
            place.command(&arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(stderr.by_ref().any(|line| line.unwrap().starts_with("seed ")));
        signal("-TERM", &child);
        assert!(stderr.by_ref().any(|line| line.unwrap().starts_with("stopping ")));
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE);
            let _ =
                std::process::Command::new("kill").args([second, &child.id().to_string()]).status().unwrap();
            sleep(Duration::from_millis(20));
        }
        let ended = child.wait().unwrap().code();
        assert!(ended == Some(code) || ended == Some(143), "{ended:?}");
        assert_eq!(fs::read(place.out("out.png")).unwrap(), b"as it was");
    }
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
    for line in ["  0  done", "  3  the checkpoint", "  7  ", "130  interrupted", "143  terminated"] {
        assert!(help.contains(line), "{line} is not in: {help}");
    }
}
