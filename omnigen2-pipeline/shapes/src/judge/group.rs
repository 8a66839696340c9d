//! Which parts of a picture are one object.
//!
//! Where two colours of an object meet, their mixture may look like the background and cut the object into parts.
//! So parts that nearly touch are read as one, or apart, whichever leaves less of the picture unexplained.

use super::fit;
use super::illegible::Illegible;
use super::part::{Field, Part};
use crate::scene::Object;

/// How many pixels may be between two parts of an object, counted from middle to middle.
const REACH: usize = 3;
/// The most parts that are read together.
const MOST_TOGETHER: usize = 5;

/// The objects that the parts of a picture are, and what is none.
pub(super) fn objects(field: &Field<'_>) -> (Vec<Object>, Vec<Illegible>) {
    let (mut objects, mut illegible) = (Vec::new(), Vec::new());
    for mut cluster in clusters(&field.parts) {
        cluster.sort_by(|a, b| b.energy.total_cmp(&a.energy));
        cluster.truncate(MOST_TOGETHER);
        match best(field, &cluster) {
            Ok(reading) => objects.extend(reading.objects),
            Err(part) => illegible.push(part),
        }
    }
    (objects, illegible)
}

/// What some parts are.
#[derive(Default)]
struct Reading {
    objects: Vec<Object>,
    /// The squared difference from the picture.
    left: f32,
}

/// The reading of some parts that leaves least unexplained: the first alone or with some of the others, and the rest
/// in its best reading.
fn best(field: &Field<'_>, parts: &[&Part]) -> Result<Reading, Illegible> {
    let [first, others @ ..] = parts else { return Ok(Reading::default()) };
    let mut best: Option<Reading> = None;
    let mut error = None;
    for with in 0..1_usize << others.len() {
        let (joined, rest): (Vec<_>, Vec<_>) = (0..others.len()).partition(|at| with >> at & 1 == 1);
        let whole = joined.into_iter().fold((*first).clone(), |whole, at| whole.with(field, others[at]));
        let rest: Vec<&Part> = rest.into_iter().map(|at| others[at]).collect();
        match one(field, &whole).and_then(|one| Ok(both(one, self::best(field, &rest)?))) {
            Ok(reading) if best.as_ref().is_none_or(|best| reading.left < best.left) => best = Some(reading),
            Ok(_) => {}
            Err(illegible) => error = error.or(Some(illegible)),
        }
    }
    best.ok_or_else(|| error.unwrap_or(Illegible::Crowded { parts: parts.len() }))
}

/// The part as one object, or as none if it is a speck.
fn one(field: &Field<'_>, part: &Part) -> Result<Reading, Illegible> {
    if part.is_speck() {
        return Ok(Reading { objects: Vec::new(), left: part.energy });
    }
    let fitted = fit::object(field, part)?;
    Ok(Reading { objects: vec![fitted.object], left: fitted.left })
}

fn both(mut one: Reading, other: Reading) -> Reading {
    one.objects.extend(other.objects);
    Reading { left: one.left + other.left, ..one }
}

/// Sets of parts that nearly touch, directly or by way of others.
fn clusters(parts: &[Part]) -> Vec<Vec<&Part>> {
    let mut clusters: Vec<Vec<&Part>> = Vec::new();
    for part in parts {
        let (mut near, far): (Vec<_>, Vec<_>) =
            clusters.into_iter().partition(|cluster| cluster.iter().any(|other| part.near(other, REACH)));
        near.push(vec![part]);
        clusters = far;
        clusters.push(near.concat());
    }
    clusters
}
