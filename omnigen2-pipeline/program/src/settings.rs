//! How a checkpoint computes, as it is given or recorded.

use std::collections::BTreeMap;

use clap::ValueEnum;
use omnigen2_pipeline::Tile;
use omnigen2_pipeline::lora::Adapter;
use omnigen2_pipeline::weights::Storage;
use omnigen2_pipeline::{Builder, Memory, Precision};

use crate::checkpoint::absolute;
use crate::failure::{Code, Failure};
use crate::values::{self, Lora};

/// The setting of a record with one adapter a line.
const LORA: &str = "lora";

#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Computing")]
pub(crate) struct SettingsArgs {
    /// Such as `cpu`, `wgpu` or `cuda:1`; `omnigen2 devices` lists them [default: the fastest there is]
    #[arg(long, value_name = "NAME")]
    pub(crate) device: Option<String>,
    /// The type of activations [default: auto]
    #[arg(long)]
    precision: Option<PrecisionName>,
    /// The type in which weights rest [default: auto]
    #[arg(long)]
    storage: Option<StorageName>,
    /// Whether parts stay in memory or are put away when their stage ends [default: auto]
    #[arg(long)]
    memory: Option<MemoryName>,
    /// The memory to plan with, such as 12GiB: what is estimated to take more is refused [default: what is there]
    #[arg(long, value_name = "BYTES", value_parser = values::bytes)]
    memory_limit: Option<u64>,
    /// Rows of a picture that the VAE works on at a time: less memory, the same picture [default: all up to 512x512
    /// pixels, else 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    tile_rows: Option<u32>,
    /// An adapter for the transformer, a file or folder, and how strongly it acts [default: 1]; may be given repeatedly
    #[arg(long, value_name = "FILE[:SCALE]", value_parser = values::lora)]
    lora: Vec<Lora>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum PrecisionName {
    /// BF16 on a GPU that computes with it, F32 elsewhere
    #[default]
    Auto,
    /// 32 bits
    F32,
    /// 16 bits with the range of F32
    Bf16,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum StorageName {
    /// On a CPU, 16 bits for matrices; elsewhere that of the file, or of 16 bits what the device has
    #[default]
    Auto,
    /// That of the file
    Stored,
    /// 32 bits
    F32,
    /// 16 bits, a mantissa of 10
    F16,
    /// 16 bits, the range of F32
    Bf16,
}

impl From<StorageName> for Storage {
    fn from(name: StorageName) -> Self {
        match name {
            StorageName::Auto => Self::Auto,
            StorageName::Stored => Self::AsStored,
            StorageName::F32 => Self::F32,
            StorageName::F16 => Self::F16,
            StorageName::Bf16 => Self::Bf16,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum MemoryName {
    /// Resident where all parts together fit, else staged
    #[default]
    Auto,
    /// Each part stays once it is loaded
    Resident,
    /// The peak is the largest part, not the sum
    Staged,
}

impl SettingsArgs {
    /// What was not given is as recorded.
    pub(crate) fn or_recorded(self, recorded: &BTreeMap<String, String>) -> Result<Self, Failure> {
        let rows = recorded.get("tile_rows").map(|rows| rows.parse().map_err(|_| unknown("tile_rows", rows)));
        let recorded_loras = recorded.get(LORA).map_or("", String::as_str);
        let loras = recorded_loras.lines().map(values::lora);
        let loras = loras.collect::<Result<Vec<_>, _>>().map_err(|_| unknown(LORA, &recorded[LORA]))?;
        Ok(Self {
            device: self.device.or_else(|| recorded.get("device").cloned()),
            precision: self.precision.or(named(recorded, "precision")?),
            storage: self.storage.or(named(recorded, "storage")?),
            memory: self.memory.or(named(recorded, "memory")?),
            memory_limit: self.memory_limit,
            tile_rows: self.tile_rows.or(rows.transpose()?.filter(|rows| *rows > 0)),
            lora: if self.lora.is_empty() { loras } else { self.lora },
        })
    }

    pub(crate) fn apply(&self, builder: Builder) -> Result<Builder, Failure> {
        let precision = match self.precision.unwrap_or_default() {
            PrecisionName::Auto => Precision::Auto,
            PrecisionName::F32 => Precision::F32,
            PrecisionName::Bf16 => Precision::Bf16,
        };
        let memory = match self.memory.unwrap_or_default() {
            MemoryName::Auto => Memory::Auto,
            MemoryName::Resident => Memory::Resident,
            MemoryName::Staged => Memory::Staged,
        };
        let storage = self.storage.unwrap_or_default().into();
        let builder = builder.precision(precision).storage(storage).memory(memory);
        let builder = match self.tile_rows {
            Some(rows) => builder.tile(Tile::rows(rows as usize)),
            None => builder,
        };
        let builder = match self.memory_limit {
            Some(bytes) => builder.memory_limit(bytes),
            None => builder,
        };
        Ok(self.lora.iter().try_fold(builder, |builder, lora| builder.lora(&lora.path, lora.scale))?)
    }

    /// The adapters, opened.
    pub(crate) fn adapters(&self) -> Result<Vec<Adapter>, Failure> {
        let open = |lora: &Lora| Adapter::open(&lora.path)?.scaled(lora.scale);
        let adapters = self.lora.iter().map(open).collect::<Result<_, _>>();
        Ok(adapters.map_err(omnigen2_pipeline::Error::from)?)
    }

    /// As [`or_recorded`](Self::or_recorded) reads it.
    pub(crate) fn record(&self, device: &str) -> BTreeMap<String, String> {
        let mut record = BTreeMap::from([
            ("device".into(), device.into()),
            ("precision".into(), name(self.precision.unwrap_or_default())),
            ("storage".into(), name(self.storage.unwrap_or_default())),
            ("memory".into(), name(self.memory.unwrap_or_default())),
        ]);
        record.extend(self.tile_rows.map(|rows| ("tile_rows".into(), rows.to_string())));
        if !self.lora.is_empty() {
            let loras = self.lora.iter().map(|lora| format!("{}:{}", absolute(&lora.path), lora.scale));
            record.insert(LORA.into(), loras.collect::<Vec<_>>().join("\n"));
        }
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
