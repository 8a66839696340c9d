//! Which words two texts have in common.

/// Letters in which two forms of one word agree at the least.
const STEM: usize = 4;

/// Words that say nothing about what a picture shows.
const STOP_WORDS: &str = "a an the and or but nor of in on at to from with without by for as into onto over under \
    up down out off is are was were be been being it its this that these those there here he she his her him they \
    them their i you your my me we our not no do does did has have had can will would should must may which who \
    what where when than then so such very more some any all each every both one s t picture image photo show \
    shows shown add make change edit replace remove draw create generate \
    的 了 是 在 和 与 の は が を に で と も へ";

/// The words of the text that say something, in lower case. In scripts that set no spaces between words, or add
/// endings to words of a syllable or two, each character is a word.
pub(super) fn content_words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let mut words = Vec::new();
    for mut run in text.split(|c: char| !c.is_alphanumeric()) {
        while let Some(first) = run.chars().next() {
            let next = if stands_alone(first) { Some(first.len_utf8()) } else { run.find(stands_alone) };
            let (word, rest) = run.split_at(next.unwrap_or(run.len()));
            words.push(word.to_owned());
            run = rest;
        }
    }
    words.retain(|word| STOP_WORDS.split_whitespace().all(|stop| stop != word));
    words
}

/// Whether any word of one text is one of the other, in whatever form.
pub(super) fn overlap(these: &[String], those: &[String]) -> bool {
    these.iter().any(|this| those.iter().any(|that| akin(this, that)))
}

fn akin(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let plural = long.strip_prefix(short).is_some_and(|ending| ["", "s", "es"].contains(&ending));
    plural || a.chars().zip(b.chars()).take(STEM).filter(|(a, b)| a == b).count() == STEM
}

/// Thai, Lao, Burmese, Khmer, kana, Chinese characters and Hangul.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0eff}'
        | '\u{1000}'..='\u{109f}'
        | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_and_digits_that_say_something() {
        assert_eq!(content_words("The dog's 2 RED hats, in a picture"), ["dog", "2", "red", "hats"]);
        assert_eq!(content_words("红色的狐狸 fox在雪中"), ["红", "色", "狐", "狸", "fox", "雪", "中"]);
        assert!(content_words("").is_empty() && content_words("— \u{301} …").is_empty());
    }

    #[test]
    fn forms_of_a_word_are_akin() {
        for [a, b] in
            [["dog", "dogs"], ["boxes", "box"], ["running", "runner"], ["snow", "snowy"], ["2", "2"]]
        {
            assert!(akin(a, b), "{a} {b}");
        }
        for [a, b] in [["dog", "door"], ["red", "redo"], ["stand", "star"], ["2", "22"], ["fox", "ox"]] {
            assert!(!akin(a, b), "{a} {b}");
        }
    }
}
