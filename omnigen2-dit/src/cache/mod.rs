mod factory;
mod policy;
mod step;
mod taylor;
mod tea;

pub use factory::StepCaches;
pub use policy::CachePolicy;
pub use step::{JointSize, NoCache, StepCache};
pub use taylor::TaylorSeer;
pub use tea::TeaCache;
