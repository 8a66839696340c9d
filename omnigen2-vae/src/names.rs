/// Pairs of a parameter's path in [`Vae`](crate::Vae) and its name in a diffusers checkpoint, where they differ:
/// nowhere. Pairs of dotted segments, replaced in order.
pub const NAMES: &[(&str, &str)] = &[];

/// From diffusers' names to those of FLUX.1's original autoencoder file (`ae.safetensors`), for the published
/// size of four levels: runs of whole dotted segments, replaced in order. The shapes are the same but for the
/// eight attention matrices, which have two more axes of length 1 there.
pub const FLUX_NAMES: &[(&str, &str)] = &[
    ("down_blocks", "down"),
    ("up_blocks.0", "up.3"),
    ("up_blocks.1", "up.2"),
    ("up_blocks.2", "up.1"),
    ("up_blocks.3", "up.0"),
    ("mid_block.resnets.0", "mid.block_1"),
    ("mid_block.resnets.1", "mid.block_2"),
    ("mid_block.attentions.0", "mid.attn_1"),
    ("resnets", "block"),
    ("downsamplers.0", "downsample"),
    ("upsamplers.0", "upsample"),
    ("conv_shortcut", "nin_shortcut"),
    ("conv_norm_out", "norm_out"),
    ("group_norm", "norm"),
    ("to_q", "q"),
    ("to_k", "k"),
    ("to_v", "v"),
    ("to_out.0", "proj_out"),
];
