use std::fmt;

use serde::Serialize;

use super::{Available, Memory, PartNeed, Rest, human};

/// The memory that drawing takes, stage by stage, against what there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The times at which parts are in memory: resident or staged.
    pub memory: Memory,
    /// The reason for resident or staged memory.
    pub reason: Reason,
    /// The parts that come from the checkpoint.
    pub parts: Vec<PartNeed>,
    /// The stages, in their order.
    pub stages: Vec<StageNeed>,
    /// The memory that there is.
    pub available: Available,
}

/// The reason why parts are resident or staged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "why", content = "together", rename_all = "snake_case")]
pub enum Reason {
    /// It was asked for.
    Asked,
    /// All parts together take so many bytes, and fit.
    Fits(u64),
    /// All parts together take so many bytes, more than a sure share of what is available.
    TooLarge(u64),
    /// All parts together take so many bytes, and whether they fit is not known.
    Unknown(u64),
}

/// A stage of drawing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageNeed {
    /// The stage's work, as a phrase.
    pub stage: &'static str,
    /// The weights that are in memory meanwhile.
    pub weights: Rest,
    /// Bytes to work in, estimated.
    pub working: u64,
}

impl StageNeed {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.weights.total() + self.working
    }

    /// The bytes that there must be: all but what the system may drop.
    pub fn held(&self) -> u64 {
        self.weights.held + self.working
    }
}

/// The answer whether a plan can be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// It fits.
    Fits,
    /// It fits only if the system drops weights of mapped files and reads them again, over and over.
    Slowly,
    /// It does not fit.
    No,
    /// What is available is not known.
    Unknown,
}

impl Plan {
    /// The most that is in memory at once, in bytes.
    pub fn peak(&self) -> u64 {
        self.peak_stage().map_or(0, StageNeed::total)
    }

    /// The stage that takes most.
    pub fn peak_stage(&self) -> Option<&StageNeed> {
        self.stages.iter().max_by_key(|stage| stage.total())
    }

    /// The stage that cannot do with least.
    pub fn tightest(&self) -> Option<&StageNeed> {
        self.stages.iter().max_by_key(|stage| stage.held())
    }

    /// Returns whether there is enough.
    pub fn fit(&self) -> Fit {
        match self.available.bytes() {
            None => Fit::Unknown,
            Some(bytes) if self.tightest().is_some_and(|stage| stage.held() > bytes) => Fit::No,
            Some(bytes) if self.peak() > bytes => Fit::Slowly,
            Some(_) => Fit::Fits,
        }
    }

    /// Words when parts are in memory and why, in a line.
    pub fn choice(&self) -> String {
        let mode = match self.memory {
            Memory::Staged => "staged memory",
            _ => "resident memory",
        };
        let because =
            |bytes: u64| format!("all parts together take {}, and {}", human(bytes), self.available);
        match self.reason {
            Reason::Asked => format!("{mode}, as asked for"),
            Reason::Fits(together) | Reason::Unknown(together) => format!("{mode}: {}", because(together)),
            Reason::TooLarge(together) => {
                format!("{mode}: {}, of which a tenth is left alone", because(together))
            }
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.choice())?;
        writeln!(
            f,
            "{:24} {:>10} {:>10} {:>10} {:>10}",
            "stage", "weights", "in files", "working", "together"
        )?;
        for stage in &self.stages {
            let StageNeed { stage: name, weights, working } = stage;
            let columns = [weights.total(), weights.mapped, *working, stage.total()].map(human);
            let [all, mapped, working, total] = columns;
            writeln!(f, "{name:24} {all:>10} {mapped:>10} {working:>10} {total:>10}")?;
        }
        let stage = self.peak_stage().map_or("drawing", |stage| stage.stage);
        write!(f, "peak {} while {stage}: {}", human(self.peak()), self.fit())
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fits => "it fits",
            Self::Slowly => "possible, but slow: weights have to be dropped and read from their files again",
            Self::No => "it does not fit",
            Self::Unknown => "whether it fits is not known",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(available: Available) -> Plan {
        let stage =
            |stage, held, mapped, working| StageNeed { stage, weights: Rest { held, mapped }, working };
        Plan {
            memory: Memory::Staged,
            reason: Reason::Asked,
            parts: Vec::new(),
            stages: vec![
                stage("reading", 0, 60, 5),
                stage("denoising", 40, 0, 20),
                stage("decoding", 1, 0, 30),
            ],
            available,
        }
    }

    #[test]
    fn the_peak_is_the_largest_stage_and_what_is_in_files_may_be_dropped() {
        assert_eq!(plan(Available::Unknown).peak(), 65);
        assert_eq!(plan(Available::Unknown).peak_stage().unwrap().stage, "reading");
        assert_eq!(plan(Available::Unknown).tightest().unwrap().stage, "denoising");
        let fits = [(65, Fit::Fits), (64, Fit::Slowly), (60, Fit::Slowly), (59, Fit::No)];
        for (bytes, fit) in fits {
            assert_eq!(plan(Available::Machine(bytes)).fit(), fit);
        }
        assert_eq!(plan(Available::Unknown).fit(), Fit::Unknown);
    }

    #[test]
    fn a_plan_is_read_as_text_and_as_json() {
        let text = plan(Available::Limit(64)).to_string();
        assert!(
            text.starts_with("staged memory, as asked for\n") && text.contains("peak 65 B while reading"),
            "{text}"
        );
        let json = serde_json::to_value(plan(Available::Limit(64))).unwrap();
        assert_eq!(json["available"], serde_json::json!({ "by": "limit", "bytes": 64 }));
        assert_eq!(json["stages"][1]["weights"]["held"], 40);
        let large = Plan { reason: Reason::TooLarge(3 << 30), ..plan(Available::Machine(1 << 30)) };
        assert!(large.choice().contains("take 3.0 GiB, and 1.0 GiB are available"), "{}", large.choice());
    }
}
