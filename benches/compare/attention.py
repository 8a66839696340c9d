"""Attention with shared key and value heads."""

import torch.nn.functional as F

import synthetic
from timing import whole


def attend(queries, keys, values, causal=False):
    """`[batch, heads, tokens, head_dim]`; repeating heads is faster here than SDPA's `enable_gqa`."""
    times = queries.shape[1] // keys.shape[1]
    if times > 1:
        keys, values = keys.repeat_interleave(times, 1), values.repeat_interleave(times, 1)
    return F.scaled_dot_product_attention(queries, keys, values, is_causal=causal)


def diffusion(tokens, dtype):
    return prepared(21, 7, tokens, 120, False, dtype)


def causal(tokens, dtype):
    return prepared(16, 2, tokens, 128, True, dtype)


def prepared(heads, kv_heads, tokens, head_dim, causal, dtype):
    queries = synthetic.input("queries", (1, heads, tokens, head_dim), dtype)
    keys, values = (synthetic.input(name, (1, kv_heads, tokens, head_dim), dtype) for name in ("keys", "values"))
    return lambda: whole(lambda: attend(queries, keys, values, causal))
