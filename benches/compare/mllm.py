"""The language model (Qwen2.5, arXiv 2412.15115) with a cache of keys and values that is written in place."""

import torch
from torch import nn
import torch.nn.functional as F

import synthetic
from attention import attend
from qwen import Mlp, rotate, table
from timing import timed

WIDTH, HEADS, KV_HEADS, HEAD, INNER, VOCABULARY = 2048, 16, 2, 128, 11008, 151936
EPSILON, THETA = 1e-6, 1e6
TOKENS, ROOM = 512, 768
# Layers computed here, of the published network's 36.
LAYERS, PUBLISHED_LAYERS = 4, 36


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q_proj = nn.Linear(WIDTH, HEADS * HEAD)
        self.k_proj = nn.Linear(WIDTH, KV_HEADS * HEAD)
        self.v_proj = nn.Linear(WIDTH, KV_HEADS * HEAD)
        self.o_proj = nn.Linear(WIDTH, WIDTH, bias=False)

    def forward(self, x, rotation, cache, start):
        queries = rotate(self.q_proj(x).unflatten(2, (HEADS, HEAD)).transpose(1, 2), rotation)
        keys = rotate(self.k_proj(x).unflatten(2, (KV_HEADS, HEAD)).transpose(1, 2), rotation)
        values = self.v_proj(x).unflatten(2, (KV_HEADS, HEAD)).transpose(1, 2)
        end = start + x.shape[1]
        cache[0][:, :, start:end], cache[1][:, :, start:end] = keys, values
        keys, values = (held[:, :, :end] for held in cache)
        return self.o_proj(attend(queries, keys, values, causal=start == 0).transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.input_layernorm = nn.RMSNorm(WIDTH, eps=EPSILON)
        self.self_attn = Attention()
        self.post_attention_layernorm = nn.RMSNorm(WIDTH, eps=EPSILON)
        self.mlp = Mlp(WIDTH, INNER, bias=False)

    def forward(self, x, rotation, cache, start):
        x = x + self.self_attn(self.input_layernorm(x), rotation, cache, start)
        return x + self.mlp(self.post_attention_layernorm(x))


class Mllm(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed_tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = nn.RMSNorm(WIDTH, eps=EPSILON)

    def read(self, x, caches, start):
        rotation = places(start, start + x.shape[1], x.dtype)
        for layer, cache in zip(self.layers, caches):
            x = layer(x, rotation, cache, start)
        return self.norm(x)

    def logits(self, hidden):
        return F.linear(hidden[:, -1], self.embed_tokens.weight)


def places(start, end, dtype):
    """Text counts up on all three axes of M-RoPE together, so that they are one."""
    frequencies = THETA ** (-torch.arange(0, HEAD, 2, dtype=torch.float64) / HEAD)
    angles = torch.outer(torch.arange(start, end, dtype=torch.float64), frequencies)
    return table(angles, dtype)


def network(dtype):
    with torch.device("meta"):
        mllm = Mllm()
    return synthetic.fill(mllm, dtype)


def empty(dtype):
    return [[torch.zeros(1, KV_HEADS, ROOM, HEAD, dtype=dtype) for _ in range(2)] for _ in range(LAYERS)]


def outcome(mllm, hidden, layers, size):
    logits, last = timed(lambda: mllm.logits(hidden))
    return logits, PUBLISHED_LAYERS / LAYERS * layers + last, size


def prefill(dtype):
    mllm = network(dtype)
    embeddings = mllm.embed_tokens(torch.arange(TOKENS)).unsqueeze(0)

    def work():
        hidden, seconds = timed(lambda: mllm.read(embeddings, empty(dtype), 0))
        return outcome(mllm, hidden, seconds, None)

    return work


def decode(dtype):
    mllm, caches = network(dtype), empty(dtype)
    mllm.read(mllm.embed_tokens(torch.arange(TOKENS)).unsqueeze(0), caches, 0)
    layers = sum(p.numel() for layer in mllm.layers for p in layer.parameters())
    size = dtype.itemsize * (VOCABULARY * WIDTH + layers * PUBLISHED_LAYERS // LAYERS)

    def work():
        token = torch.tensor([[TOKENS]])
        hidden, seconds = timed(lambda: mllm.read(mllm.embed_tokens(token), caches, TOKENS))
        return outcome(mllm, hidden, seconds, size)

    return work
