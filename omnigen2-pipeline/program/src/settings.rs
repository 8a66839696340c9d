//! The computing of a checkpoint, as it is given or recorded.

use std::collections::BTreeMap;
use std::str::FromStr;

use clap::builder::TypedValueParser;
use omnigen2_pipeline::Tile;
use omnigen2_pipeline::convert::Blocks;
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
    /// The type in which transformer and language model compute [default: auto]
    #[arg(long, visible_alias = "compute", value_parser = precision())]
    precision: Option<Precision>,
    /// The type in which weights rest [default: auto]
    #[arg(long, visible_alias = "weights", value_name = "TYPE", value_parser = storage())]
    storage: Option<Storage>,
    /// Whether parts stay in memory or are put away when their stage ends [default: auto]
    #[arg(long, value_parser = values::one_of(Memory::ALL, Memory::name, about_memory))]
    memory: Option<Memory>,
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

impl SettingsArgs {
    /// Reads what was not given from a record.
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
        let builder = builder
            .precision(self.precision.unwrap_or_default())
            .storage(self.storage.unwrap_or_default())
            .memory(self.memory.unwrap_or_default());
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

    /// A record that [`or_recorded`](Self::or_recorded) reads.
    pub(crate) fn record(&self, device: &str) -> BTreeMap<String, String> {
        let mut record = BTreeMap::from([
            ("device".into(), device.into()),
            ("precision".into(), self.precision.unwrap_or_default().to_string()),
            ("storage".into(), self.storage.unwrap_or_default().to_string()),
            ("memory".into(), self.memory.unwrap_or_default().to_string()),
        ]);
        record.extend(self.tile_rows.map(|rows| ("tile_rows".into(), rows.to_string())));
        if !self.lora.is_empty() {
            let loras = self.lora.iter().map(|lora| format!("{}:{}", absolute(&lora.path), lora.scale));
            record.insert(LORA.into(), loras.collect::<Vec<_>>().join("\n"));
        }
        record
    }
}

/// A parser of the types in which files have weights.
pub(crate) fn file_storage() -> impl TypedValueParser<Value = Storage> {
    let in_files: Vec<Storage> =
        Storage::ALL.iter().copied().filter(|storage| !storage.is_packed()).collect();
    values::one_of(&in_files, Storage::name, about_storage)
}

/// A parser of the blocks that GGUF files are written with.
pub(crate) fn blocks() -> impl TypedValueParser<Value = Blocks> {
    values::one_of(Blocks::ALL, Blocks::name, |blocks| match blocks {
        Blocks::Q8_0 => "8.5 bits a number",
        Blocks::Q6K => "6.6 bits a number",
        Blocks::Q5K => "5.5 bits a number",
        Blocks::Q4K => "4.5 bits a number, with offsets, which lose less",
        Blocks::Q4_0 => "4.5 bits a number",
    })
}

/// A parser of the types that are what they say, whatever the file has.
pub(crate) fn fixed_storage() -> impl TypedValueParser<Value = Storage> {
    let follows = |storage: &Storage| matches!(storage, Storage::Auto | Storage::AsStored);
    let fixed: Vec<Storage> = Storage::ALL.iter().copied().filter(|storage| !follows(storage)).collect();
    values::one_of(&fixed, Storage::name, about_storage)
}

/// A parser of types of activations.
pub(crate) fn precision() -> impl TypedValueParser<Value = Precision> {
    values::one_of(Precision::ALL, Precision::name, about_precision)
}

/// A parser of storage types.
fn storage() -> impl TypedValueParser<Value = Storage> {
    values::one_of(Storage::ALL, Storage::name, about_storage)
}

fn named<T: FromStr>(recorded: &BTreeMap<String, String>, setting: &str) -> Result<Option<T>, Failure> {
    let value = recorded.get(setting);
    value.map(|value| value.parse().map_err(|_| unknown(setting, value))).transpose()
}

fn unknown(setting: &str, value: &str) -> Failure {
    let message = format!("the record's {setting} is `{value}`, which this version does not know");
    Failure::new(Code::Input, format!("{message}; give the setting anew"))
}

fn about_precision(precision: Precision) -> &'static str {
    match precision {
        Precision::Auto => "BF16 where the device computes with it, F32 elsewhere",
        Precision::F32 => "32 bits",
        Precision::Bf16 => "16 bits with the range of F32; on a CPU in products alone",
    }
}

fn about_storage(storage: Storage) -> &'static str {
    match storage {
        Storage::Auto => {
            "On a CPU, 8 bits for large matrices and 16 for others; elsewhere that of the file, or of 16 bits what the device has"
        }
        Storage::AsStored => "That of the file",
        Storage::F32 => "32 bits",
        Storage::F16 => "16 bits, a mantissa of 10",
        Storage::Bf16 => "16 bits, the range of F32",
        Storage::Q8 => "8 bits in large matrices, multiplied as integers on a CPU",
        Storage::Q4 => "4 bits in large matrices, and 8 where less would show",
    }
}

fn about_memory(memory: Memory) -> &'static str {
    match memory {
        Memory::Auto => "Resident where all parts together fit, else staged",
        Memory::Resident => "Each part stays once it is loaded",
        Memory::Staged => "The peak is the largest part, not the sum",
    }
}
