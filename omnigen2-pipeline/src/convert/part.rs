use std::path::Path;

use omnigen2_gguf::BlockType;

use super::blocks::Blocks;
use super::encode::float;
use crate::checkpoint::{DIT_NAMING, MLLM_NAMING, VIT_NAMING, is_vision};
use crate::weights::{Entry, Storage};
use burn::tensor::DType;

/// A part of a checkpoint that may be a GGUF file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Transformer,
    LanguageModel,
}

impl Part {
    /// The part in a folder of the published layout.
    pub(super) fn within(folder: &Path) -> Option<Self> {
        match folder.to_str()? {
            "transformer" => Some(Self::Transformer),
            "mllm" => Some(Self::LanguageModel),
            _ => None,
        }
    }

    /// The word by which other programs tell what a file is. ComfyUI-GGUF knows no name for this transformer, takes a
    /// file of its ancestor's, and finds out by names of tensors.
    pub(super) fn architecture(self) -> &'static str {
        match self {
            Self::Transformer => "lumina2",
            Self::LanguageModel => "qwen2vl",
        }
    }

    /// The type of a tensor, by the rule that says what is packed while it is loaded; those of one axis are F32.
    pub(super) fn type_of(self, entry: &Entry, blocks: Blocks) -> BlockType {
        let naming = match self {
            Self::Transformer => DIT_NAMING,
            Self::LanguageModel if is_vision(entry.name()) => VIT_NAMING,
            Self::LanguageModel => MLLM_NAMING,
        };
        let bits = naming.bits(entry.name(), entry.shape(), Storage::Q4);
        let packed = bits.and_then(|bits| blocks.of(bits, entry.parameters()));
        let stored = float(entry).unwrap_or(DType::F32);
        packed.unwrap_or_else(|| match Storage::Auto.in_file(stored, entry.shape()) {
            _ if entry.shape().len() < 2 => BlockType::F32,
            DType::F16 => BlockType::F16,
            DType::BF16 => BlockType::Bf16,
            _ => BlockType::F32,
        })
    }
}
