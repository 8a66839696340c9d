//! What networks work in, by the formulas of the module's documentation.

use burn::tensor::{DType, FloatDType};
use omnigen2_dit::{DitConfig, JointSize};
use omnigen2_mllm::MllmConfig;
use omnigen2_vae::{Tile, VaeConfig};
use omnigen2_vit::VitConfig;

use super::workload::Workload;
use crate::pixels::Size;

const F32: u64 = 4;
/// A decoded picture in floats, the same in another size, and its bytes.
const PIXEL: u64 = 3 * (F32 + F32 + 1);

/// The dimensions of the networks, and the type of their activations.
#[derive(Clone, Debug)]
pub(super) struct Networks {
    pub(super) dit: DitConfig,
    pub(super) mllm: MllmConfig,
    pub(super) vit: VitConfig,
    pub(super) vae: VaeConfig,
    pub(super) compute: FloatDType,
    /// Whether attention may hold all scores at once.
    pub(super) scores: bool,
}

impl Networks {
    pub(super) fn reading(&self, workload: &Workload) -> u64 {
        let MllmConfig { hidden_size, intermediate_size, .. } = self.mllm;
        let blocks = self.transformer(workload.text, hidden_size, intermediate_size);
        // Keys and values of every layer stay where a conversation is read.
        let kept = 2 * self.mllm.num_hidden_layers * self.mllm.num_key_value_heads * self.mllm.hidden_size
            / self.mllm.num_attention_heads;
        let scores = self.scores(self.mllm.num_attention_heads, workload.text);
        blocks + scores + (workload.text * kept) as u64 * self.number()
    }

    pub(super) fn looking(&self, workload: &Workload) -> u64 {
        let VitConfig { hidden_size, intermediate_size, num_heads, .. } = self.vit;
        let blocks = self.transformer(workload.patches, hidden_size, intermediate_size);
        blocks + self.scores(num_heads, workload.patches)
    }

    pub(super) fn denoising(&self, workload: &Workload) -> u64 {
        let cell = self.vae.downscale() * self.dit.patch_size;
        let tokens = |size: &Size| size.pixels() as usize / cell.pow(2);
        let references: usize = workload.references.iter().map(tokens).sum();
        let tokens = workload.text + references + tokens(&workload.drawn);
        let all = tokens * workload.count;
        let width = self.dit.hidden_size;
        let joint = JointSize { batch: workload.count, tokens, width, number: self.number() as usize };
        let remembered = workload.step_caches.start().bytes(joint) * workload.branches as u64;
        self.transformer(all, width, self.dit.feed_forward_width())
            + self.scores(self.dit.num_attention_heads, tokens) * workload.count as u64
            + remembered
    }

    pub(super) fn encoding(&self, size: Size, tile: Tile) -> u64 {
        let share = share(size, tile);
        self.convolutions(size, 3.0 + 2.0 * share)
    }

    pub(super) fn decoding(&self, size: Size, count: usize, tile: Tile) -> u64 {
        let share = share(size, tile);
        self.convolutions(size, 4.9 + 3.1 * share) + size.pixels() * PIXEL * count as u64
    }

    fn convolutions(&self, size: Size, maps: f64) -> u64 {
        let levels = &self.vae.block_out_channels;
        let (first, most) = (levels.first().copied().unwrap_or(0), levels.iter().copied().max().unwrap_or(0));
        let kernel = (9 * most * most) as u64 * F32;
        (size.pixels() as f64 * first as f64 * maps) as u64 * F32 + kernel
    }

    fn transformer(&self, tokens: usize, width: usize, inner: usize) -> u64 {
        let widened = (width * inner) as u64 * F32;
        (tokens * (4 * width + 3 * inner)) as u64 * self.number() + widened
    }

    fn scores(&self, heads: usize, tokens: usize) -> u64 {
        if self.scores { (heads * tokens * tokens) as u64 * self.number() } else { 0 }
    }

    fn number(&self) -> u64 {
        DType::from(self.compute).size() as u64
    }
}

/// Which share of the rows is computed at a time.
fn share(size: Size, tile: Tile) -> f64 {
    let height = size.height.max(1) as usize;
    tile.rows_of(height) as f64 / height as f64
}

#[cfg(test)]
mod tests {
    use omnigen2_dit::CachePolicy;

    use super::*;

    const GIB: f64 = (1u64 << 30) as f64;

    fn published() -> Networks {
        Networks {
            dit: DitConfig::omnigen2(),
            mllm: MllmConfig::qwen2_5_vl_3b(),
            vit: VitConfig::qwen2_5_vl_3b(),
            vae: VaeConfig::flux(),
            compute: FloatDType::F32,
            scores: false,
        }
    }

    fn one(side: u32) -> Workload {
        Workload {
            drawn: Size::new(side, side),
            count: 1,
            references: Vec::new(),
            branches: 2,
            text: 100,
            patches: 0,
            step_caches: CachePolicy::None.into(),
        }
    }

    #[test]
    fn a_tile_is_a_share_of_the_rows() {
        let size = Size::new(512, 256);
        assert_eq!(share(size, Tile::WHOLE), 1.0);
        assert_eq!(share(size, Tile::rows(300)), 1.0);
        assert_eq!(share(size, Tile::default()), 0.25);
    }

    #[test]
    fn the_published_networks_work_in_what_the_formulas_say() {
        let networks = published();
        let denoising = networks.denoising(&one(1024));
        let expected = (4096 + 100) * (4 * 2520 + 3 * 10_240) * 4 + 2520 * 10_240 * 4;
        assert_eq!(denoising, expected);
        let cached = |step_cache: CachePolicy| Workload { step_caches: step_cache.into(), ..one(1024) };
        let layer = 2 * (4096 + 100) * 2520 * 4;
        assert_eq!(networks.denoising(&cached(CachePolicy::TEA_CACHE)), expected + 2 * layer);
        assert_eq!(networks.denoising(&cached(CachePolicy::TaylorSeer)), expected + 5 * layer);
        assert_eq!(networks.denoising(&cached(CachePolicy::FIRST_BLOCK)), expected + 2 * layer);
        assert_eq!(networks.denoising(&cached(CachePolicy::MAG_CACHE)), expected + layer);
        assert_eq!(networks.denoising(&cached(CachePolicy::AUTO)), expected);
        let size = Size::new(1024, 1024);
        let whole = networks.decoding(size, 1, Tile::WHOLE) as f64 / GIB;
        let tiled = networks.decoding(size, 1, Tile::default()) as f64 / GIB;
        assert!((4.0..4.1).contains(&whole) && (2.5..2.7).contains(&tiled), "{whole} {tiled}");
    }

    #[test]
    fn more_work_takes_more() {
        let networks = published();
        let base = networks.denoising(&one(512));
        let reference = Workload { references: vec![Size::new(512, 512)], ..one(512) };
        let larger = [
            Workload { count: 2, ..one(512) },
            reference,
            Workload { text: 1000, ..one(512) },
            Workload { step_caches: CachePolicy::TEA_CACHE.into(), ..one(512) },
            Workload { step_caches: CachePolicy::TaylorSeer.into(), ..one(512) },
        ];
        assert!(larger.iter().all(|workload| networks.denoising(workload) > base));
        assert!(Networks { scores: true, ..published() }.denoising(&one(512)) > base);
        assert!(Networks { compute: FloatDType::BF16, ..published() }.denoising(&one(512)) < base);
        assert!(networks.looking(&Workload { patches: 4000, ..one(512) }) > networks.looking(&one(512)));
    }
}
