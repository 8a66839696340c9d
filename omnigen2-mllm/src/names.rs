/// The prefixes of a parameter's name in checkpoints: the newer tools', then the published one.
pub const PREFIXES: &[&str] = &["model.language_model.", "model."];

/// The names that checkpoints have otherwise than the paths in [`Mllm`](crate::Mllm): `(path, name)`, each a run of
/// whole dotted segments. There are none.
pub const NAMES: &[(&str, &str)] = &[];

/// The runs of names that are packed to 8 bits, never to less: the embeddings, of which logits are made too.
pub const FINE: &[&str] = &["embed_tokens", "token_embd"];

/// The names that llama.cpp's files have otherwise than the paths in [`Mllm`](crate::Mllm): `(path, name)`, as in
/// [`NAMES`]. None has a prefix.
pub const GGUF_NAMES: &[(&str, &str)] = &[
    ("layers", "blk"),
    ("embed_tokens", "token_embd"),
    ("lm_head", "output"),
    ("norm", "output_norm"),
    ("input_layernorm", "attn_norm"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("post_attention_layernorm", "ffn_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
];
