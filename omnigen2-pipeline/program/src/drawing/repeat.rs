use std::path::Path;

use omnigen2_pipeline::metadata::{self, Record};

use crate::failure::{Code, Failure};

/// The setting of a record that says why its picture cannot be drawn again.
const SETTING: &str = "not repeatable";

/// Notes in a record that the picture cannot be drawn from it alone.
pub(crate) fn not_repeatable(record: &mut Record, reason: &str) {
    record.settings.insert(SETTING.into(), reason.into());
}

/// The record of a picture that can be drawn again.
pub(crate) fn repeatable(path: &Path) -> Result<Record, Failure> {
    let record = metadata::read(path)?;
    match record.settings.get(SETTING) {
        None => Ok(record),
        Some(reason) => {
            let message = format!(
                "{} cannot be drawn again: {reason}; `omnigen2 show` prints its settings",
                path.display()
            );
            Err(Failure::new(Code::Input, message))
        }
    }
}
