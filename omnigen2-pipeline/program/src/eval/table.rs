//! Scores side by side.

use std::fmt::Write;

/// How many cases of a capability came out right.
pub(crate) struct Score {
    pub(crate) name: &'static str,
    pub(crate) right: u64,
    pub(crate) tried: u64,
}

pub(crate) fn table(scores: &[Score]) -> String {
    let mut text = String::from("capability       right    of       %\n");
    for Score { name, right, tried } in scores {
        let share = 100.0 * *right as f64 / *tried as f64;
        let _ = writeln!(text, "{name:<15} {right:>6} {tried:>5} {share:>7.1}");
    }
    text.pop();
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stand_beneath_each_other() {
        let score = |name, right| Score { name, right, tried: 40 };
        let text = table(&[score("edit", 40), score("text-to-image", 3)]);
        assert_eq!(text.lines().count(), 3);
        assert!(text.contains("100.0") && text.ends_with("7.5"), "{text}");
        let widths: Vec<usize> = text.lines().map(str::len).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{text}");
    }
}
