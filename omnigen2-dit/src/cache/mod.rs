mod counted;
mod factory;
mod first_block;
mod mag;
mod mag_curve;
mod measure;
mod policy;
mod step;
mod taylor;
mod tea;

pub use factory::StepCaches;
pub use first_block::FirstBlockCache;
pub use mag::MagCache;
pub use mag_curve::{MagCalibration, MagCurve};
pub use policy::CachePolicy;
pub use step::{JointSize, NoCache, StepCache};
pub use taylor::TaylorSeer;
pub use tea::TeaCache;
