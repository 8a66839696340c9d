use std::fs;

use super::measure::{Figures, Measured};
use super::side::Sides;

/// What was measured where, and the first lines of the table.
pub(super) fn head(sides: &Sides, rounds: usize) -> String {
    let (threads, version) = (sides.threads, &sides.pytorch.version);
    let machine = machine().unwrap_or_else(|| "this machine".into());
    let load = load().map(|load| format!("; load before it {load}")).unwrap_or_default();
    format!(
        "{machine}, {threads} threads, PyTorch {version}, medians of {rounds}{load}\n\n\
         | case | ours | PyTorch F32 | PyTorch BF16 | F32 / ours | BF16 / ours | MB, ours | F32 | BF16 | difference |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
    )
}

/// A line of the table.
pub(super) fn row(measured: &Measured) -> String {
    let Measured { case, ours, f32, bf16 } = measured;
    let narrow = |text: &dyn Fn(&Figures) -> String| bf16.as_ref().map_or("–".into(), text);
    let peak = |figures: &Figures| megabytes(figures.peak);
    let ratio = |figures: &Figures| format!("{:.2}", figures.median() / ours.median());
    let times = [time(ours), time(f32), narrow(&time), ratio(f32), narrow(&ratio)];
    let memory = [peak(ours), peak(f32), narrow(&peak)];
    format!("| {} | {} | {} | {:.0e} |", case.name, times.join(" | "), memory.join(" | "), ours.difference)
}

/// What the lines mean.
pub(super) fn foot(all: &[Measured]) -> String {
    let cases = all.iter().map(|m| format!("- {}: {}\n", m.case.name, m.case.about));
    let notes = all.iter().flat_map(|m| rates(m).into_iter().chain(few_runs(m)));
    let bare = all.first().map(bare).unwrap_or_default();
    format!("\n{}\n{}{bare}", cases.collect::<String>(), notes.collect::<String>())
}

/// Sides that were so slow that they were asked less often.
fn few_runs(measured: &Measured) -> Option<String> {
    let Measured { case, ours, f32, bf16 } = measured;
    let counts: Vec<usize> =
        [ours, f32].into_iter().chain(bf16).map(|figures| figures.seconds.len()).collect();
    let even = counts.iter().all(|count| *count == counts[0]);
    (!even).then(|| format!("{}: runs that count {counts:?}, for the time they take\n", case.name))
}

/// How fast weights are read, where that is what takes the time.
fn rates(measured: &Measured) -> Option<String> {
    let rate = |figures: &Figures| Some(figures.bytes? as f64 / figures.median() / 1e9);
    let Measured { case, ours, f32, bf16 } = measured;
    let [ours, wide, narrow] = [rate(ours)?, rate(f32)?, rate(bf16.as_ref()?)?];
    let torch = format!("PyTorch at {wide:.1} in F32 and {narrow:.1} in BF16");
    Some(format!("{} reads weights at {ours:.1} GB/s, {torch}\n", case.name))
}

fn bare(measured: &Measured) -> String {
    let [ours, torch] = [&measured.ours, &measured.f32].map(|figures| megabytes(figures.bare));
    format!("a process without weights has {ours} MB, PyTorch's {torch} MB, and the table counts them\n")
}

fn time(figures: &Figures) -> String {
    let seconds = figures.median();
    match seconds {
        0.0..1.0 => format!("{:.1} ms", 1e3 * seconds),
        _ => format!("{seconds:.2} s"),
    }
}

fn megabytes(bytes: Option<u64>) -> String {
    bytes.map_or("?".into(), |bytes| (bytes / 1_000_000).to_string())
}

fn machine() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let (_, name) = text.lines().find(|line| line.starts_with("model name"))?.split_once(':')?;
    Some(name.trim().to_owned())
}

fn load() -> Option<String> {
    Some(fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::cases::CASES;
    use super::*;

    #[test]
    fn a_row_holds_times_ratios_and_memory() {
        let figures = |seconds, bytes| Figures {
            seconds: vec![seconds],
            bytes: Some(bytes),
            peak: Some(7_000_000),
            difference: 1e-5,
            ..Figures::default()
        };
        let measured = Measured {
            case: &CASES[0],
            ours: figures(0.5, 1_000_000_000),
            f32: figures(1.0, 2_000_000_000),
            bf16: Some(figures(4.0, 1_000_000_000)),
        };
        assert_eq!(
            row(&measured),
            "| dit-block-256 | 500.0 ms | 1.00 s | 4.00 s | 2.00 | 8.00 | 7 | 7 | 7 | 1e-5 |"
        );
        assert!(
            foot(std::slice::from_ref(&measured))
                .contains("reads weights at 2.0 GB/s, PyTorch at 2.0 in F32 and 0.2 in BF16")
        );
    }
}
