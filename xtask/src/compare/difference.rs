use std::fs;
use std::path::Path;

use crate::Failure;

/// The largest difference of the F32 numbers in two files, as a part of the largest number in the second.
pub(super) fn relative(found: &Path, expected: &Path) -> Result<f64, Failure> {
    let [found, expected] = [numbers(found)?, numbers(expected)?];
    if found.len() != expected.len() {
        let wrong = format!("one side gave {} numbers and the other {}", found.len(), expected.len());
        return Err(Failure::Work(wrong));
    }
    let pairs = || found.iter().zip(&expected);
    // A comparison would drop what is not a number.
    if let Some(at) = pairs().position(|(a, b)| !(a.is_finite() && b.is_finite())) {
        return Err(Failure::Work(format!(
            "number {at} is {} on one side and {} on the other",
            found[at], expected[at]
        )));
    }
    let largest = expected.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
    let difference = pairs().fold(0.0, |most: f32, (a, b)| most.max((a - b).abs()));
    Ok(f64::from(difference) / f64::from(largest.max(f32::MIN_POSITIVE)))
}

fn numbers(path: &Path) -> Result<Vec<f32>, Failure> {
    let bytes = fs::read(path)?;
    Ok(bytes.as_chunks().0.iter().map(|&number| f32::from_le_bytes(number)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(found: &[f32], expected: &[f32]) -> Result<f64, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = [("a", found), ("b", expected)].map(|(name, numbers)| {
            let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        });
        relative(&a, &b)
    }

    #[test]
    fn the_largest_difference_counts() {
        assert_eq!(compare(&[1.0, -3.0, 2.5], &[1.0, -4.0, 2.0]).ok(), Some(0.25));
        assert_eq!(compare(&[0.0], &[0.0]).ok(), Some(0.0));
        assert!(compare(&[1.0], &[1.0, 2.0]).is_err());
        assert!(compare(&[f32::NAN], &[1.0]).is_err());
    }
}
