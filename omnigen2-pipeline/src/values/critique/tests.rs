use proptest::prelude::*;

use super::*;

const INSTRUCTION: &str = "A red fox with two hats in fresh snow, and a sign that says \"OPEN\"";

fn unmet(text: &str) -> Vec<String> {
    Critique::parse(text, INSTRUCTION).unmet
}

#[test]
fn the_form_asked_for_is_read() {
    let text = "UNMET: two hats\nUNMET: fresh snow\nEDIT: Give the fox a second hat, and let it snow.";
    let critique = Critique::parse(text, INSTRUCTION);
    assert_eq!(critique.text, text);
    assert_eq!(critique.unmet, ["two hats", "fresh snow"]);
    assert_eq!(critique.mend, "Give the fox a second hat, and let it snow");
    assert_eq!(critique.score, -2.0);
    assert!(!critique.satisfied());
}

#[test]
fn markup_around_a_line_does_not_matter() {
    for line in [
        "unmet: two hats",
        "**UNMET:** two hats.",
        "**UNMET**: two hats",
        "**UNMET: two hats**",
        "- Unmet : \"two hats\".",
        "1. UNMET: two hats...",
        "> `UNMET: two hats`",
        "\"UNMET\": \"two hats\",",
        "UNMET: <two hats>",
        "UNMET:\u{a0}- two hats",
        "UNMET： “two hats”。",
        "```text\r\nUNMET: two hats\r\n```\r\n",
        "UNMET: two hats\rEDIT: none",
        "UNMET: two hats. **EDIT:** none",
    ] {
        assert_eq!(unmet(line), ["two hats"], "{line}");
    }
    assert_eq!(unmet("UNMET: the sign \"OPEN\""), ["the sign \"OPEN\""]);
    assert_eq!(unmet("UNMET: \"two\" red \"hats\""), ["\"two\" red \"hats\""]);
}

#[test]
fn other_lines_do_not_count() {
    for line in [
        "the fox has one hat",
        "unmet - two hats",
        "unmet two hats",
        "Unmet parts: two hats",
        "Is anything unmet: two hats",
        "MET: two hats",
        "UNMET:\n- two hats",
    ] {
        assert!(unmet(line).is_empty(), "{line}");
    }
}

#[test]
fn none_is_none_however_it_is_worded() {
    for none in [
        "none",
        "None.",
        "NONE!",
        "nothing",
        "n/a",
        "N/A.",
        "no",
        "-",
        "—",
        "",
        "  ",
        "\"none\"",
        "**none**",
        "<none>",
        "(none)",
        "None, the red fox and the snow are there",
        "none - the fox is red",
        "None (red fox)",
    ] {
        let critique = Critique::parse(&format!("UNMET: {none}\nEDIT: Make the fox red"), INSTRUCTION);
        assert_eq!(critique.unmet, [""; 0], "{none}");
        assert_eq!((critique.mend.as_str(), critique.score), ("", 0.0), "{none}");
    }
    assert_eq!(unmet("UNMET: None of the hats is there"), ["None of the hats is there"]);
    assert_eq!(Critique::parse("UNMET: no-entry sign", INSTRUCTION).unmet, ["no-entry sign"]);
}

#[test]
fn a_part_counts_only_if_the_instruction_names_it() {
    for foreign in ["better lighting", "the picture is not sharp", "a", "with more of this", "the background"]
    {
        let critique = Critique::parse(&format!("UNMET: {foreign}\nEDIT: Sharpen it"), INSTRUCTION);
        assert!(critique.satisfied() && critique.mend.is_empty(), "{foreign}");
    }
    for own in ["Hat", "the FOXES", "snowy ground", "the colour red", "open sign"] {
        assert_eq!(unmet(&format!("UNMET: {own}")), [own]);
    }
    assert_eq!(Critique::parse("UNMET: 狐狸在雪中", "红色的狐狸").unmet, ["狐狸在雪中"]);
    assert!(Critique::parse("UNMET: 更好的光", "红色的狐狸").satisfied());
    assert!(Critique::parse("UNMET: two hats", "").satisfied());
    assert!(Critique::parse("", INSTRUCTION).satisfied());
}

#[test]
fn parts_and_edits_are_merged() {
    let text =
        "UNMET: two hats\nEDIT: Add a hat\nUNMET: Two Hats.\nEDIT: add a hat\nEDIT: none\nEDIT: Let it snow";
    let critique = Critique::parse(text, INSTRUCTION);
    assert_eq!(critique.unmet, ["two hats"]);
    assert_eq!(critique.mend, "Add a hat. Let it snow");
}

#[test]
fn a_mend_that_is_missing_is_worded_from_the_parts() {
    for edit in ["", "EDIT: none", "EDIT:", "edit: n/a."] {
        let critique = Critique::parse(&format!("UNMET: two hats\nUNMET: snow\n{edit}"), INSTRUCTION);
        assert_eq!(critique.mend, "Change the picture so that it shows: two hats, snow.", "{edit}");
    }
}

#[test]
fn lengths_are_bounded_between_characters() {
    let long = "狐".repeat(1000);
    let text: String = (0..100).map(|n| format!("UNMET: {n}{long}\nEDIT: {n}{long}\n")).collect();
    let critique = Critique::parse(&text, "狐");
    assert_eq!(critique.unmet.len(), MOST_PARTS);
    assert!(critique.unmet.iter().all(|part| part.chars().count() == LONGEST_PART));
    assert_eq!(critique.mend.chars().count(), LONGEST_MEND);
    let worded = Critique::unmet(critique.unmet, "").mend;
    assert!(worded.chars().count() == LONGEST_MEND && worded.ends_with("狐."));
}

#[test]
fn a_critique_made_by_hand_is_as_one_read() {
    let made = Critique::unmet(["two hats", "snow"], "Let it snow on two hats");
    assert_eq!(Critique::parse(&made.text, INSTRUCTION), made);
    assert_eq!(Critique::unmet([""; 0], "Let it snow"), Critique::met(""));
    let scored = serde_json::to_string(&Critique::met("fine").score(0.5)).unwrap();
    assert_eq!(scored, r#"{"text":"fine","unmet":[],"mend":"","score":0.5}"#);
}

fn chatter() -> impl Strategy<Value = Vec<String>> {
    let silent = |line: &String| {
        let line = line.to_lowercase();
        !line.contains("unmet") && !line.contains("edit")
    };
    let line = prop_oneof!["\\PC{0,40}", "(```|- none|\\*\\*|1\\. ok:|none|a red fox)"];
    prop::collection::vec(line.prop_filter("says nothing of a verdict", silent), 0..4)
}

/// Texts full of what the parser looks for.
fn near_verdict() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("UNMET".to_owned()),
        Just("unmet:".to_owned()),
        Just("EDIT:".to_owned()),
        Just("none".to_owned()),
        "[\\*_`\"'“”<>:：.\\r\\n -]{1,4}",
        any::<String>(),
        "[狐İßﬁ\u{301}\u{200d}🦊 ]{0,300}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_within_bounds(text in near_verdict(), instruction in "[a-z狐İ🦊 ]{0,20}|\\PC*") {
        let critique = Critique::parse(&text, &instruction);
        prop_assert!(critique.unmet.len() <= MOST_PARTS);
        prop_assert!(critique.unmet.iter().all(|part| part.chars().count() <= LONGEST_PART));
        prop_assert!(critique.unmet.iter().all(|part| !part.is_empty() && part.trim() == part));
        prop_assert!(critique.mend.chars().count() <= LONGEST_MEND);
        prop_assert_eq!(critique.mend.is_empty(), critique.satisfied());
        prop_assert_eq!(critique.score, -(critique.unmet.len() as f64));
        prop_assert_eq!(critique.text, text);
    }

    #[test]
    fn a_verdict_is_found_amid_chatter(
        parts in prop::collection::btree_set("[b-mp-z]{5,12}( [2-9]{1,3}[A-Z]){0,3}", 0..=MOST_PARTS),
        mend in "[B-M][a-z]{3,10}( [a-z0-9]{1,10}){0,8}",
        noise in prop::collection::vec(chatter(), 3),
    ) {
        let instruction = parts.iter().cloned().collect::<Vec<_>>().join(", ");
        let said = if parts.is_empty() { Critique::met("UNMET: none\nEDIT: none") } else { Critique::unmet(&parts, mend) };
        let (first, rest) = said.text.split_once('\n').unwrap_or(("", &said.text));
        let text = [&noise[0].join("\n"), first, &noise[1].join("\n"), rest, &noise[2].join("\r\n")].join("\n");
        prop_assert_eq!(Critique { text: said.text.clone(), ..Critique::parse(&text, &instruction) }, said);
    }
}
