/// Words bytes as one reads them, such as `1.5 GiB`.
pub fn human(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    match units.into_iter().find(|(_, bits)| bytes >> bits > 0) {
        Some((unit, bits)) => format!("{:.1} {unit}", bytes as f64 / f64::from(1_u32 << bits)),
        None => format!("{bytes} B"),
    }
}
