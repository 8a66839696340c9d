use super::{Plan, human};
use crate::pixels::Size;

/// The reason why a picture cannot be drawn in the memory that there is, and what would fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.text())]
pub struct Shortage {
    /// The size that would be drawn.
    pub size: Size,
    /// The plan that does not fit.
    pub plan: Plan,
    /// Changes that would make it fit, each by itself.
    pub alternatives: Vec<String>,
    /// Changes that make it fit together, where none does by itself; empty where these do not either.
    pub together: Vec<String>,
}

impl Shortage {
    fn text(&self) -> String {
        let Some(stage) = self.plan.tightest() else { return "there is nothing to draw with".into() };
        let weights = match (stage.weights.held, stage.weights.mapped) {
            (0, 0) => String::new(),
            (0, _) => " beside weights that may stay in their files".into(),
            (held, _) => format!(", {} of it for weights", human(held)),
        };
        let (size, held) = (self.size, human(stage.held()));
        let needs = format!(
            "drawing {size} takes {held} while {}{weights}, but {}",
            stage.stage, self.plan.available
        );
        let fits = match (self.alternatives.as_slice(), self.together.as_slice()) {
            ([], []) => "nothing that can be set makes it fit".into(),
            ([], together) => format!("what would fit: {}, together", together.join(" and ")),
            (alternatives, _) => format!("what would fit: {}", alternatives.join(", or ")),
        };
        format!("{needs}; {fits}; or allow more by a memory limit, if the estimate is wrong")
    }
}
