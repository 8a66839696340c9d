//! Adapters of low rank for the diffusion transformer (LoRA, arXiv 2106.09685): read in the dialects of the reference,
//! diffusers, PEFT, ai-toolkit and ComfyUI, put into the weights or beside them, begun, and saved.
//!
//! - For drawing: [`Builder::lora`](crate::Builder::lora) puts adapters into the weights while these are loaded, which
//!   then cost nothing more; [`OmniGen2::set_loras`](crate::OmniGen2::set_loras) puts them beside the weights of a
//!   living pipeline, where they can be changed and taken off at any time.
//! - For training: [`fresh`] or [`attach`] on a network of a device that records gradients; then the factors alone
//!   learn, [`save`] writes them alone, and [`Module::materialize`](burn::module::Module::materialize) adds them to the
//!   weights.
//!
//! ```
//! use burn::prelude::*;
//! use omnigen2_dit::DitConfig;
//! use omnigen2_pipeline::lora::{self, Adapter, LoraConfig};
//!
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("fox.safetensors");
//! let dit = DitConfig::tiny().init(&Device::flex());
//! let training = lora::fresh(dit.clone(), &LoraConfig { rank: 2, alpha: 2.0, ..LoraConfig::default() }, 7)?;
//! lora::save(&training, &file)?;
//!
//! let adapter = Adapter::open(&file)?.scaled(0.8)?;
//! assert_eq!((adapter.rank(), adapter.layers().next()), (2, Some("context_refiner.0.attn.to_k")));
//! let beside = lora::attach(dit.clone(), &[adapter.clone()])?;
//! let within = lora::merge(dit, &[adapter])?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Scales
//!
//! A change is `scale · alpha / rank · up · down`. Alpha is the file's own for the layer (`….alpha`), or what PEFT's
//! `adapter_config.json` or diffusers' `lora_adapter_metadata` in the header say, or the rank. With `use_rslora` the
//! rank counts by its root.
//!
//! Sums with weights that rest as BF16 are rounded to it, which takes away most of what is smaller than a 256th of a
//! weight; beside the weights nothing is.

mod adapter;
mod attach;
mod chosen;
mod error;
mod fresh;
mod key;
mod layers;
mod save;
mod settings;

pub use adapter::Adapter;
pub use attach::{attach, merge};
pub(crate) use chosen::{Loras, Taken};
pub use error::LoraError;
pub use fresh::{LoraConfig, fresh};
pub use save::save;
