"""What the language model and the vision tower of Qwen2.5-VL share."""

import torch
from torch import nn
import torch.nn.functional as F


class Mlp(nn.Module):
    def __init__(self, width, inner, bias):
        super().__init__()
        self.gate_proj = nn.Linear(width, inner, bias)
        self.up_proj = nn.Linear(width, inner, bias)
        self.down_proj = nn.Linear(inner, width, bias)

    def forward(self, x):
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


def table(angles, dtype):
    """Cosines and sines of `[tokens, head_dim / 2]` angles, for both halves of a head."""
    angles = torch.cat([angles, angles], 1)
    return angles.cos().to(dtype), angles.sin().to(dtype)


def rotate(x, rotation):
    """Turns channels half a head apart."""
    cos, sin = rotation
    first, second = x.chunk(2, -1)
    return x * cos + torch.cat([-second, first], -1) * sin
