use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use super::counted::Counted;
use super::step::StepCache;

/// Makes the step cache of each guidance branch of an image.
///
/// ```
/// use omnigen2_dit::{CachePolicy, JointSize, StepCaches, TeaCache};
///
/// let caches = StepCaches::new(|| TeaCache::new(0.1));
/// let joint = JointSize { batch: 1, tokens: 100, width: 24, number: 4 };
/// assert_eq!(caches.start().bytes(joint), 2 * 100 * 24 * 4);
/// assert_eq!(StepCaches::from(CachePolicy::None).start().bytes(joint), 0);
/// ```
#[derive(Clone)]
pub struct StepCaches(Arc<dyn Fn() -> Box<dyn StepCache> + Send + Sync>);

impl StepCaches {
    /// Caches that begin as `empty` makes them.
    pub fn new<C: StepCache + 'static>(empty: impl Fn() -> C + Send + Sync + 'static) -> Self {
        Self(Arc::new(move || Box::new(empty())))
    }

    /// Returns these caches, which add the layers that they let run to `ran` from now on.
    pub fn counting(self, ran: &Arc<AtomicUsize>) -> Self {
        let ran = ran.clone();
        Self::new(move || Counted { cache: self.start(), ran: ran.clone() })
    }

    /// An empty cache.
    pub fn start(&self) -> Box<dyn StepCache> {
        (self.0)()
    }
}

impl fmt::Debug for StepCaches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepCaches").finish_non_exhaustive()
    }
}
