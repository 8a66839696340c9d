use omnigen2_vae::Tile;

use super::planner::Planner;
use super::{Fit, Memory, Plan, Shortage};
use crate::Result;
use crate::pixels::{Size, sizes};
use crate::values::ImageRequest;
use crate::weights::Storage;
use crate::weights::is_cpu;

/// Sizes that are tried in place of one that does not fit, in eighths of its sides.
const EIGHTHS: [u32; 5] = [6, 4, 3, 2, 1];
/// No smaller picture is proposed.
const LEAST_SIDE: u32 = 64;
const FEW_ROWS: usize = 16;

/// A change to the settings or the request.
struct Change {
    what: String,
    planner: Planner,
    request: ImageRequest,
}

impl Change {
    fn fits(&self) -> Result<bool> {
        Ok(!matches!(self.planner.plan(&self.request)?.fit(), Fit::No))
    }
}

/// Finds what would make a request fit that does not.
pub(super) fn shortage(planner: &Planner, request: &ImageRequest, plan: Plan) -> Result<Shortage> {
    let size = sizes(request)?.drawn;
    let mut found = Shortage { size, plan, alternatives: Vec::new(), together: Vec::new() };
    let mut all = Change { what: String::new(), planner: planner.clone(), request: request.clone() };
    let mut steps = Vec::new();
    for step in STEPS {
        if let Some(change) = step(planner, request)?
            && change.fits()?
        {
            found.alternatives.push(change.what);
        }
        if let Some(change) = step(&all.planner, &all.request)? {
            steps.push(change.what.clone());
            all = change;
            if found.together.is_empty() && all.fits()? {
                found.together.clone_from(&steps);
            }
        }
    }
    Ok(found)
}

type Step = fn(&Planner, &ImageRequest) -> Result<Option<Change>>;

/// From what costs least to what costs most.
const STEPS: [Step; 7] = [staged, narrow, packed, few_rows, converted, one_picture, smaller];

fn staged(planner: &Planner, request: &ImageRequest) -> Result<Option<Change>> {
    let change = || Change {
        what: "staged memory".into(),
        planner: planner.clone().keeping(Memory::Staged),
        request: request.clone(),
    };
    Ok((planner.asked == Memory::Resident).then(change))
}

fn narrow(planner: &Planner, request: &ImageRequest) -> Result<Option<Change>> {
    resting(planner, request, Storage::Auto)
}

fn packed(planner: &Planner, request: &ImageRequest) -> Result<Option<Change>> {
    resting(planner, request, Storage::Q8)
}

fn resting(planner: &Planner, request: &ImageRequest, storage: Storage) -> Result<Option<Change>> {
    let smaller = planner.clone().resting(storage)?;
    let held = |planner: &Planner| planner.parts.iter().map(|need| need.rest.held).sum::<u64>();
    let what = format!("storage `{storage}`");
    let is_smaller = held(&smaller) < held(planner);
    Ok(is_smaller.then(|| Change { what, planner: smaller, request: request.clone() }))
}

fn few_rows(planner: &Planner, request: &ImageRequest) -> Result<Option<Change>> {
    Ok(Some(Change {
        what: format!("{FEW_ROWS} rows of a tile"),
        planner: planner.clone().tiled(Some(Tile::rows(FEW_ROWS))),
        request: request.clone(),
    }))
}

/// Weights that stay in their files need not be held.
fn converted(planner: &Planner, request: &ImageRequest) -> Result<Option<Change>> {
    let held = planner.parts.iter().any(|need| need.rest.held > 0);
    let change = || {
        Change {
        what: "storage `stored` of a checkpoint that `omnigen2 convert` wrote, which is used in its files, though slowly".into(),
        planner: planner.clone().in_files(),
        request: request.clone(),
    }
    };
    Ok((held && is_cpu(&planner.device)).then(change))
}

fn one_picture(planner: &Planner, request: &ImageRequest) -> Result<Option<Change>> {
    let change = || Change {
        what: "one picture at a time".into(),
        planner: planner.clone(),
        request: request.clone().count(1),
    };
    Ok((request.count > 1).then(change))
}

/// The largest of the smaller sizes that fits, or else the smallest.
fn smaller(planner: &Planner, request: &ImageRequest) -> Result<Option<Change>> {
    let drawn = sizes(request)?.drawn;
    let side = |side: u32, eighths: u32| side * eighths / 8 / 16 * 16;
    let mut last = None;
    for eighths in EIGHTHS {
        let size = Size::new(side(drawn.width, eighths), side(drawn.height, eighths));
        if size.width.min(size.height) < LEAST_SIDE {
            break;
        }
        let (what, planner) = (format!("a picture of {size}"), planner.clone());
        let change = Change { what, planner, request: request.clone().size(size) };
        let fits = change.fits()?;
        last = Some(change);
        if fits {
            break;
        }
    }
    Ok(last)
}
