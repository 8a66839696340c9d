use omnigen2_pipeline::metadata;
use serde_json::Value;

use crate::place::{Place, TINY, pixels, text};

const REFLECT: [&str; 10] =
    ["reflect", "a red fox", "--checkpoint", TINY, "--size", "32x32", "--steps", "2", "--seed", "7"];

#[test]
fn the_best_picture_is_written_and_the_rounds_are_kept() {
    let place = Place::new();
    let more = ["--rounds", "2", "--keep-all", "rounds", "--json", "-o", "best.png"];
    let run = place.run(&[&REFLECT[..], &more].concat()).succeeded();
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (last, rounds) = lines.split_last().unwrap();
    assert!(!rounds.is_empty() && rounds.len() <= 2, "{rounds:?}");
    for (round, number) in rounds.iter().zip(1..) {
        assert_eq!(round["round"], number);
        assert_eq!(round["path"], format!("rounds/round-{number}.png"));
        assert_eq!(round["satisfied"].as_bool(), Some(round["unmet"].as_array().unwrap().is_empty()));
        assert!(round["critique"].is_string() && round["score"].is_f64(), "{round}");
        let said = format!("round {number} of 2: ");
        assert!(run.stderr.contains(&said), "{}", run.stderr);
    }
    assert!(rounds.last().unwrap()["next"].is_null());
    assert_eq!(last["path"], "best.png");
    let best = format!("rounds/round-{}.png", last["best"]);
    assert_eq!(pixels(&place.out(&best)), pixels(&place.out("best.png")));
    assert!(pixels(&place.out("rounds/contact-sheet.png")).width() > 32);
    assert_eq!(place.written(), ["best.png", "rounds"]);

    assert_eq!(metadata::read(place.out("rounds/round-1.png")).unwrap().request.prompt, "a red fox");
    place.run(&["generate", "--like", "rounds/round-1.png", "-o", "again.png"]).succeeded();
    assert_eq!(pixels(&place.out("again.png")), pixels(&place.out("rounds/round-1.png")));
}

#[test]
fn a_picture_is_edited_and_its_path_printed() {
    let place = Place::new();
    let reference = place.picture("fox.png", [64, 48], 0);
    let more = ["--rounds", "1", "--mend", "redraw", "-i", text(&reference)];
    let run = place.run(&[&REFLECT[..], &more].concat()).succeeded();
    assert_eq!(run.stdout, "omnigen2.png\n");
    assert!(run.stderr.contains("round 1 of 1: "), "{}", run.stderr);
    assert_eq!(place.written(), ["omnigen2.png"]);
    let record = metadata::read(place.out("omnigen2.png")).unwrap();
    assert!(record.references[0].path.ends_with("fox.png"), "{record:?}");
}

#[test]
fn what_cannot_be_met_is_refused_before_any_work() {
    let place = Place::new();
    let fails = |more: &[&str], code, part| {
        place.run(&[&REFLECT[..], &["--device", "abacus"], more].concat()).failed(code, &[part]);
        assert_eq!(place.written(), [""; 0]);
    };
    fails(&["--rounds", "0"], 2, "--rounds");
    fails(&["--mend", "paint"], 2, "redraw");
    fails(&["-o", "best.jpg"], 2, "does not end in .png");
    fails(&["-o", "no/best.png"], 5, "cannot write");
    fails(&["-i", "nothing.png"], 4, "cannot read nothing.png");
    fails(&["--max-pixels", "1"], 2, "max_pixels");
}
