"""FLUX.1's autoencoder."""

import torch
from torch import nn
import torch.nn.functional as F

import synthetic
from timing import whole

LEVELS, LATENT, GROUPS, EPSILON = (128, 256, 512, 512), 16, 32, 1e-6
SCALE, SHIFT = 0.3611, 0.1159
SIDE = 512


def norm(channels):
    return nn.GroupNorm(GROUPS, channels, eps=EPSILON)


def same(inputs, outputs):
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class Resnet(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.norm1, self.conv1 = norm(inputs), same(inputs, outputs)
        self.norm2, self.conv2 = norm(outputs), same(outputs, outputs)
        self.conv_shortcut = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x):
        hidden = self.conv1(F.silu(self.norm1(x)))
        return self.conv_shortcut(x) + self.conv2(F.silu(self.norm2(hidden)))


class Attention(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.group_norm = norm(channels)
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x):
        tokens = self.group_norm(x).flatten(2).transpose(1, 2)
        queries, keys, values = (f(tokens).unsqueeze(1) for f in (self.to_q, self.to_k, self.to_v))
        attended = F.scaled_dot_product_attention(queries, keys, values).squeeze(1)
        return x + self.to_out[0](attended).transpose(1, 2).reshape(x.shape)


class Mid(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.attentions = nn.ModuleList([Attention(channels)])
        self.resnets = nn.ModuleList(Resnet(channels, channels) for _ in range(2))

    def forward(self, x):
        return self.resnets[1](self.attentions[0](self.resnets[0](x)))


class Upsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = same(channels, channels)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Downsample(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Level(nn.Module):
    def __init__(self, inputs, outputs, count, name, resample):
        super().__init__()
        self.resnets = nn.ModuleList(Resnet(inputs if i == 0 else outputs, outputs) for i in range(count))
        self.resample = name
        setattr(self, name, nn.ModuleList([resample(outputs)] if resample else []))

    def forward(self, x):
        for resnet in self.resnets:
            x = resnet(x)
        for resample in getattr(self, self.resample):
            x = resample(x)
        return x


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        up, last = LEVELS[::-1], len(LEVELS) - 1
        self.conv_in = same(LATENT, up[0])
        self.mid_block = Mid(up[0])
        self.up_blocks = nn.ModuleList(
            Level(up[max(i - 1, 0)], width, 3, "upsamplers", Upsample if i < last else None)
            for i, width in enumerate(up)
        )
        self.conv_norm_out = norm(up[-1])
        self.conv_out = same(up[-1], 3)

    def forward(self, latent):
        x = self.mid_block(self.conv_in(latent / SCALE + SHIFT))
        for block in self.up_blocks:
            x = block(x)
        return self.conv_out(F.silu(self.conv_norm_out(x)))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        last = len(LEVELS) - 1
        self.conv_in = same(3, LEVELS[0])
        self.down_blocks = nn.ModuleList(
            Level(LEVELS[max(i - 1, 0)], width, 2, "downsamplers", Downsample if i < last else None)
            for i, width in enumerate(LEVELS)
        )
        self.mid_block = Mid(LEVELS[-1])
        self.conv_norm_out = norm(LEVELS[-1])
        self.conv_out = same(LEVELS[-1], 2 * LATENT)

    def forward(self, picture):
        x = self.conv_in(picture)
        for block in self.down_blocks:
            x = block(x)
        moments = self.conv_out(F.silu(self.conv_norm_out(self.mid_block(x))))
        return moments.chunk(2, 1)[0]


def half(name, kind, dtype):
    with torch.device("meta"):
        module = nn.ModuleDict({name: kind()})
    return synthetic.fill(module, dtype)[name]


def decode(dtype):
    decoder = half("decoder", Decoder, dtype)
    latent = synthetic.input("latent", (1, LATENT, SIDE // 8, SIDE // 8), dtype)
    return lambda: whole(lambda: decoder(latent))


def encode(dtype):
    encoder = half("encoder", Encoder, dtype)
    picture = synthetic.input("picture", (1, 3, SIDE, SIDE), dtype)
    return lambda: whole(lambda: encoder(picture))
