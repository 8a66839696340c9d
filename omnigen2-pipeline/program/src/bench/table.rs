//! The report as text.

use omnigen2_bench::{BRANCHES, MOST_ERROR, Row, TEXT};
use omnigen2_pipeline::memory::{Fit, human};

use super::{CHECKED, Report};

/// Steps of a usual picture.
const STEPS: f64 = 50.0;

pub(super) fn text(report: &Report) -> String {
    let mut lines = vec![report.machine.line(), format!("{}, random weights", report.checkpoint)];
    lines.push(String::new());
    lines.extend(rows(&report.rows));
    lines.push(String::new());
    lines.extend(notes(report));
    lines.push(String::new());
    lines.push(choice(report));
    lines.join("\n")
}

fn rows(rows: &[Row]) -> Vec<String> {
    let sizes = rows.first().map_or(&[][..], |row| &row.steps);
    let sizes: String = sizes.iter().map(|step| format!(" {:>10}", step.size)).collect();
    let [layer, velocity, tokens] = ["layer", "velocity", "tokens/s"];
    let head = format!(
        "weights compute{sizes} {layer:>8} {velocity:>8} {tokens:>9} {:>10} {:>10}",
        "resident", "staged"
    );
    let row = |row: &Row| {
        let steps: String = row.steps.iter().map(|step| format!(" {:>10}", seconds(step.step))).collect();
        let known = row.setting.known_error().map_or("-".into(), percent);
        let needs = [row.need.resident, row.need.staged].map(human);
        let fit = if row.need.fit == Fit::No { "  does not fit" } else { "" };
        format!(
            "{:7} {:7}{steps} {:>8} {known:>8} {:>9.2} {:>10} {:>10}{fit}",
            row.setting.weights,
            row.setting.compute,
            percent(row.layer_error),
            row.tokens_per_second,
            needs[0],
            needs[1],
        )
    };
    [head].into_iter().chain(rows.iter().map(row)).collect()
}

fn notes(report: &Report) -> Vec<String> {
    let last = report.rows.first().and_then(|row| row.steps.last());
    let last = last.map(|step| step.size.to_string()).unwrap_or_default();
    vec![
        format!(
            "sizes: seconds a step with {BRANCHES} branches of guidance and {TEXT} tokens of text, which is one \
             joint layer, measured, times {}",
            report.layers
        ),
        "layer: how far behind that layer the rounding of weights is off; velocity: behind the whole published \
         network, measured once"
            .into(),
        "tokens/s: of a reply; four layers and a part of the vocabulary, measured, and multiplied".into(),
        format!("resident, staged: the planned peak for {last}; {}", report.machine.available),
        format!(
            "check: a whole step of the small shapes model at {CHECKED} takes {:.2} times what its layers tell",
            report.check.ratio()
        ),
    ]
}

fn choice(report: &Report) -> String {
    let bar = percent(MOST_ERROR);
    let Some(row) = report.choice() else {
        return format!(
            "choice: none of these, as all are off by more than {bar} or do not fit; measure other --weights or \
             smaller --sizes"
        );
    };
    let picture = row
        .steps
        .last()
        .map(|step| format!("{STEPS} steps of {} take about {}", step.size, duration(STEPS * step.step)));
    format!(
        "choice: --weights {} --precision {}, the fastest that fits and is off by at most {bar}; {}",
        row.setting.weights,
        row.setting.compute,
        picture.unwrap_or_default()
    )
}

fn percent(part: f64) -> String {
    format!("{:.2} %", 100.0 * part)
}

/// Three digits, which is more than a machine tells twice.
fn seconds(seconds: f64) -> String {
    let decimals = if seconds >= 100.0 {
        0
    } else if seconds >= 10.0 {
        1
    } else if seconds >= 1.0 {
        2
    } else {
        3
    };
    format!("{seconds:.decimals$}")
}

fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match [whole / 3600, whole / 60 % 60, whole % 60] {
        [0, 0, _] => format!("{} s", self::seconds(seconds)),
        [0, minutes, rest] => format!("{minutes} min {rest} s"),
        [hours, minutes, _] => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits() {
        assert_eq!([0.01234, 1.2345, 12.345, 1234.5].map(seconds), ["0.012", "1.23", "12.3", "1234"]);
        assert_eq!([0.5, 83.0, 4000.0].map(duration), ["0.500 s", "1 min 23 s", "1 h 6 min"]);
    }
}
