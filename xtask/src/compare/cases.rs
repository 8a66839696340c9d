/// What both sides do.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: &'static str,
    /// What exactly is timed.
    pub(super) about: &'static str,
    /// The types in which PyTorch does it, F32 first.
    pub(super) torch: &'static [&'static str],
}

impl Case {
    const fn new(name: &'static str, about: &'static str) -> Self {
        Self { name, about, torch: &["f32", "bf16"] }
    }

    /// Convolutions of this size take PyTorch minutes in BF16.
    const fn only_f32(self) -> Self {
        Self { torch: &["f32"], ..self }
    }
}

pub(super) const CASES: &[Case] = &[
    Case::new("dit-block-256", "a joint layer of the DiT: 256 image and 64 text tokens"),
    Case::new("dit-block-1024", "a joint layer of the DiT: 1,024 image and 64 text tokens"),
    Case::new(
        "guided-step",
        "a step of three branches with one reference, 256×256 each: one layer and one of each refiner, \
         scaled to 32 and 2",
    ),
    Case::new("prefill-512", "512 tokens and the last one's logits: 4 layers, scaled to 36"),
    Case::new("decode", "a token after 512, and its logits: 4 layers, scaled to 36"),
    Case::new("vae-decode-512", "a latent to 512×512 pixels").only_f32(),
    Case::new("vae-encode-512", "512×512 pixels to the mean latent").only_f32(),
    Case::new("attention-4096", "4,096 tokens, 21 heads of 120 that share 7"),
    Case::new("attention-1024", "1,024 tokens, 21 heads of 120 that share 7"),
    Case::new("attention-causal-512", "512 tokens, causal, 16 heads of 128 that share 2"),
    Case::new(
        "vit-block",
        "448×448 pixels through a block of windows, a block of the whole image and the merger",
    ),
    Case::new(
        "train-step",
        "a training step of the shapes model's transformer: 64 images of 16 tokens, 32 text tokens each",
    )
    .only_f32(),
];
