/// A cost as it grows with a number of tokens: `a + b · tokens + c · tokens²`.
pub(crate) struct Fit {
    /// a, b and c.
    pub(crate) coefficients: [f64; 3],
}

impl Fit {
    /// The least squares of relative errors over points of tokens and cost, or nothing if they are fewer than three.
    pub(crate) fn of(points: &[[f64; 2]]) -> Option<Self> {
        let mut equations = [[0.0; 4]; 3];
        for &[tokens, cost] in points {
            let terms = [1.0 / cost, tokens / cost, tokens * tokens / cost, 1.0];
            for (row, equation) in equations.iter_mut().enumerate() {
                for (sum, term) in equation.iter_mut().zip(terms) {
                    *sum += terms[row] * term;
                }
            }
        }
        Some(Self { coefficients: solve(equations)? })
    }

    /// The cost of so many tokens.
    pub(crate) fn at(&self, tokens: f64) -> f64 {
        let [a, b, c] = self.coefficients;
        a + tokens * (b + tokens * c)
    }

    /// The cost without that of pairs.
    pub(crate) fn linear(&self, tokens: f64) -> f64 {
        let [a, b, _] = self.coefficients;
        a + b * tokens
    }
}

/// Gauss's elimination; the matrix is positive definite, so that no rows need to change places.
fn solve(mut rows: [[f64; 4]; 3]) -> Option<[f64; 3]> {
    for pivot in 0..3 {
        let scale = rows[pivot][pivot];
        if scale.abs() < f64::MIN_POSITIVE {
            return None;
        }
        rows[pivot] = rows[pivot].map(|x| x / scale);
        let above = rows[pivot];
        for (_, row) in rows.iter_mut().enumerate().filter(|&(index, _)| index != pivot) {
            let factor = row[pivot];
            row.iter_mut().zip(above).for_each(|(x, y)| *x -= factor * y);
        }
    }
    Some(rows.map(|row| row[3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of squares of squares in F64.
    const TOLERANCE: f64 = 1e-6;

    #[test]
    fn a_parabola_is_found_again() {
        let cost = |tokens: f64| 0.02 + 2e-3 * tokens + 3e-7 * tokens * tokens;
        let points: Vec<_> = [320.0, 640.0, 1088.0, 2368.0, 4160.0].map(|n| [n, cost(n)]).into();
        let fit = Fit::of(&points).unwrap();
        for tokens in [100.0, 1000.0, 10_000.0] {
            assert!((fit.at(tokens) / cost(tokens) - 1.0).abs() < TOLERANCE);
        }
        assert!((fit.linear(1000.0) - 2.02).abs() < TOLERANCE);
        assert!(Fit::of(&[]).is_none());
    }
}
