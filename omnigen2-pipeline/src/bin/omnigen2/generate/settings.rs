use std::collections::BTreeMap;

use clap::ValueEnum;
use omnigen2_pipeline::weights::Storage;
use omnigen2_pipeline::{Builder, Memory, Precision};
use omnigen2_vae::Tile;

use super::args::{MemoryName, PrecisionName, SettingsArgs, StorageName};
use crate::failure::{Code, Failure};

impl SettingsArgs {
    /// What was not given is as recorded.
    pub(super) fn or_recorded(self, recorded: &BTreeMap<String, String>) -> Result<Self, Failure> {
        let rows = recorded.get("tile_rows").map(|rows| rows.parse().map_err(|_| unknown("tile_rows", rows)));
        Ok(Self {
            device: self.device.or_else(|| recorded.get("device").cloned()),
            precision: self.precision.or(named(recorded, "precision")?),
            storage: self.storage.or(named(recorded, "storage")?),
            memory: self.memory.or(named(recorded, "memory")?),
            tile_rows: self.tile_rows.or(rows.transpose()?.filter(|rows| *rows > 0)),
        })
    }

    pub(super) fn apply(&self, builder: Builder) -> Builder {
        let precision = match self.precision.unwrap_or_default() {
            PrecisionName::Auto => Precision::Auto,
            PrecisionName::F32 => Precision::F32,
            PrecisionName::Bf16 => Precision::Bf16,
        };
        let storage = match self.storage.unwrap_or_default() {
            StorageName::Stored => Storage::AsStored,
            StorageName::F32 => Storage::F32,
            StorageName::F16 => Storage::F16,
            StorageName::Bf16 => Storage::Bf16,
        };
        let memory = match self.memory.unwrap_or_default() {
            MemoryName::Resident => Memory::Resident,
            MemoryName::Staged => Memory::Staged,
        };
        let tile = self.tile_rows.map_or(Tile::WHOLE, |rows| Tile::rows(rows as usize));
        builder.precision(precision).storage(storage).memory(memory).tile(tile)
    }

    /// As [`or_recorded`](Self::or_recorded) reads it.
    pub(super) fn record(&self, device: &str) -> BTreeMap<String, String> {
        let mut record = BTreeMap::from([
            ("device".into(), device.into()),
            ("precision".into(), name(self.precision.unwrap_or_default())),
            ("storage".into(), name(self.storage.unwrap_or_default())),
            ("memory".into(), name(self.memory.unwrap_or_default())),
        ]);
        record.extend(self.tile_rows.map(|rows| ("tile_rows".into(), rows.to_string())));
        record
    }
}

fn name(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn named<E: ValueEnum>(recorded: &BTreeMap<String, String>, setting: &str) -> Result<Option<E>, Failure> {
    let value = recorded.get(setting);
    value.map(|value| E::from_str(value, true).map_err(|_| unknown(setting, value))).transpose()
}

fn unknown(setting: &str, value: &str) -> Failure {
    let message = format!("the record's {setting} is `{value}`, which this version does not know");
    Failure::new(Code::Input, format!("{message}; give the setting anew"))
}
