"""The vision tower (Qwen2.5-VL, arXiv 2502.13923): a block of windows, a block of the whole image, and the merger."""

import torch
from torch import nn
import torch.nn.functional as F

import synthetic
from qwen import Mlp, rotate, table
from timing import whole

WIDTH, HEADS, HEAD, INNER, OUT = 1280, 16, 80, 3420, 2048
EPSILON, THETA = 1e-6, 10000.0
# Patches, merged tokens and windows on a side of 448 pixels; merged tokens on a side of a window.
SIDE, MERGED, WINDOWS, WINDOW = 32, 16, 4, 4


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x, rotation, windows):
        queries, keys, values = self.qkv(x).unflatten(1, (3, HEADS, HEAD)).permute(1, 2, 0, 3)
        parts = (rotate(queries, rotation), rotate(keys, rotation), values)
        attended = F.scaled_dot_product_attention(*(part.unflatten(1, (windows, -1)) for part in parts))
        return self.proj(attended.flatten(1, 2).transpose(0, 1).flatten(1))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = nn.RMSNorm(WIDTH, eps=EPSILON)
        self.attn = Attention()
        self.norm2 = nn.RMSNorm(WIDTH, eps=EPSILON)
        self.mlp = Mlp(WIDTH, INNER, bias=True)

    def forward(self, x, rotation, windows):
        x = x + self.attn(self.norm1(x), rotation, windows)
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self):
        super().__init__()
        self.proj = nn.Conv3d(3, WIDTH, (2, 14, 14), stride=(2, 14, 14), bias=False)

    def forward(self, patches):
        return F.linear(patches, self.proj.weight.flatten(1))


class Merger(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln_q = nn.RMSNorm(WIDTH, eps=EPSILON)
        self.mlp = nn.Sequential(nn.Linear(4 * WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, OUT))

    def forward(self, x):
        return self.mlp(self.ln_q(x).reshape(-1, 4 * WIDTH))


class Vit(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch_embed = PatchEmbed()
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.merger = Merger()

    def forward(self, patches, order, rotation):
        x = self.patch_embed(patches.unflatten(0, (-1, 4))[order].flatten(0, 1))
        x = self.blocks[0](x, rotation, WINDOWS * WINDOWS)
        x = self.blocks[1](x, rotation, 1)
        features = self.merger(x)
        return torch.empty_like(features).index_copy_(0, order, features)


def window_order():
    """Merged tokens, counted row by row, in the order of windows."""
    tokens = torch.arange(MERGED * MERGED).reshape(WINDOWS, WINDOW, WINDOWS, WINDOW)
    return tokens.transpose(1, 2).flatten()


def places(order, dtype):
    rows = torch.arange(SIDE).unsqueeze(1).expand(SIDE, SIDE)
    places = torch.stack([rows, rows.T], 2).reshape(MERGED, 2, MERGED, 2, 2).transpose(1, 2)
    places = places.reshape(MERGED * MERGED, 4, 2)[order].flatten(0, 1)
    frequencies = THETA ** (-torch.arange(0, HEAD // 2, 2, dtype=torch.float64) / (HEAD // 2))
    angles = (places.double().unsqueeze(2) * frequencies).flatten(1)
    return table(angles, dtype)


def blocks(dtype):
    with torch.device("meta"):
        vit = Vit()
    synthetic.fill(vit, dtype)
    patches = synthetic.input("patches", (SIDE * SIDE, 3 * 2 * 14 * 14), dtype)
    order = window_order()

    def work():
        return vit(patches, order, places(order, dtype))

    return lambda: whole(work)
