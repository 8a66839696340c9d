"""Weights and inputs that any program can make again: see benches/src/synthetic.rs."""

import math

import torch

CHUNK = 1 << 20


def fill(module, dtype):
    """Gives every parameter of a module on the `meta` device its numbers, rounded to BF16 and kept in `dtype`."""
    state = {name: weight(name, tuple(p.shape), dtype) for name, p in module.named_parameters()}
    module.load_state_dict(state, assign=True)
    return module.requires_grad_(False).eval()


def weight(name, shape, dtype):
    if len(shape) == 1:
        centre, spread = (1.0, 0.1) if name.endswith("weight") else (0.0, 0.02)
    else:
        centre, spread = 0.0, math.sqrt(3.0 / math.prod(shape[1:]))
    return numbers(name, shape, centre, spread, torch.bfloat16).to(dtype)


def input(name, shape, dtype):
    return numbers(name, shape, 0.0, math.sqrt(3.0), torch.float32).to(dtype)


def numbers(name, shape, centre, spread, dtype):
    out = torch.empty(math.prod(shape), dtype=dtype)
    start = signed(fnv_1a(name) + 0x9E3779B97F4A7C15)
    spread = torch.tensor(spread, dtype=torch.float32)
    for begin in range(0, out.numel(), CHUNK):
        end = min(begin + CHUNK, out.numel())
        random = shift(mix(torch.arange(begin, end, dtype=torch.int64) + start), 40)
        unit = random.float() / (1 << 24) * 2 - 1
        out[begin:end] = unit * spread + centre
    return out.reshape(shape)


def mix(x):
    """The rest of splitmix64, in integers that wrap."""
    x = (x ^ shift(x, 30)) * signed(0xBF58476D1CE4E5B9)
    x = (x ^ shift(x, 27)) * signed(0x94D049BB133111EB)
    return x ^ shift(x, 31)


def shift(x, bits):
    """A shift to the right of numbers that are meant without a sign."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def signed(x):
    return (x + (1 << 63)) % (1 << 64) - (1 << 63)


def fnv_1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return value
