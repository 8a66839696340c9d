use super::planner::Planner;
use super::remedies::shortage;
use super::{Fit, Plan, human};
use crate::Result;
use crate::values::ImageRequest;

/// Returns the plan of a request that can be met.
///
/// # Errors
/// If it cannot, with what would help.
pub(crate) fn admit(planner: &Planner, request: &ImageRequest) -> Result<Plan> {
    let plan = planner.plan(request)?;
    match plan.fit() {
        Fit::No => return Err(shortage(planner, request, plan)?.into()),
        Fit::Slowly => tracing::warn!(
            "drawing takes {}, and {}: it is {}",
            human(plan.peak()),
            plan.available,
            plan.fit()
        ),
        Fit::Fits | Fit::Unknown => {}
    }
    Ok(plan)
}
