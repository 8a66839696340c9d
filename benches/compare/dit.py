"""The diffusion transformer (arXiv 2506.18871) in the reference's order of work: a guidance branch computes everything
again, the refiners and every block's modulation among it. Rotary tables are made once, which the reference does not."""

import math

import torch
from torch import nn
import torch.nn.functional as F

import synthetic
from attention import attend
from timing import timed, whole

WIDTH, HEADS, KV_HEADS, HEAD, INNER = 2520, 21, 7, 120, 10240
AXES = 40, 40, 40
TIME_WIDTH, SINUSOID, TEXT_WIDTH, CHANNELS, PATCH = 1024, 256, 2048, 16, 2
EPSILON = 1e-5
TEXT, TIME, TEXT_SCALE, IMAGE_SCALE = 64, 0.5, 4.0, 2.0
# Depths of the published network, of which one layer each is computed here.
LAYERS, REFINER_LAYERS = 32, 2


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.to_q = nn.Linear(WIDTH, HEADS * HEAD, bias=False)
        self.to_k = nn.Linear(WIDTH, KV_HEADS * HEAD, bias=False)
        self.to_v = nn.Linear(WIDTH, KV_HEADS * HEAD, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(WIDTH, WIDTH, bias=False)])
        self.norm_q = nn.RMSNorm(HEAD, eps=EPSILON)
        self.norm_k = nn.RMSNorm(HEAD, eps=EPSILON)

    def forward(self, x, rotation):
        queries = rotate(self.norm_q(self.to_q(x).unflatten(2, (HEADS, HEAD))), rotation)
        keys = rotate(self.norm_k(self.to_k(x).unflatten(2, (KV_HEADS, HEAD))), rotation)
        values = self.to_v(x).unflatten(2, (KV_HEADS, HEAD))
        attended = attend(queries.transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2))
        return self.to_out[0](attended.transpose(1, 2).flatten(2))


class FeedForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear_1 = nn.Linear(WIDTH, INNER, bias=False)
        self.linear_2 = nn.Linear(INNER, WIDTH, bias=False)
        self.linear_3 = nn.Linear(WIDTH, INNER, bias=False)

    def forward(self, x):
        return self.linear_2(F.silu(self.linear_1(x)) * self.linear_3(x))


class ModulatedNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(TIME_WIDTH, 4 * WIDTH)
        self.norm = nn.RMSNorm(WIDTH, eps=EPSILON)


class Block(nn.Module):
    def __init__(self, modulated):
        super().__init__()
        self.norm1 = ModulatedNorm() if modulated else nn.RMSNorm(WIDTH, eps=EPSILON)
        self.attn = Attention()
        self.norm2 = nn.RMSNorm(WIDTH, eps=EPSILON)
        self.ffn_norm1 = nn.RMSNorm(WIDTH, eps=EPSILON)
        self.feed_forward = FeedForward()
        self.ffn_norm2 = nn.RMSNorm(WIDTH, eps=EPSILON)

    def plain(self, x, rotation):
        x = x + self.norm2(self.attn(self.norm1(x), rotation))
        return x + self.ffn_norm2(self.feed_forward(self.ffn_norm1(x)))

    def modulation(self, time):
        return self.norm1.linear(F.silu(time)).unsqueeze(1).chunk(4, 2)

    def modulated(self, x, modulation, rotation):
        scale_msa, gate_msa, scale_mlp, gate_mlp = modulation
        attended = self.attn(self.norm1.norm(x) * (1 + scale_msa), rotation)
        x = x + gate_msa.tanh() * self.norm2(attended)
        fed = self.feed_forward(self.ffn_norm1(x) * (1 + scale_mlp))
        return x + gate_mlp.tanh() * self.ffn_norm2(fed)

    def forward(self, x, time, rotation):
        return self.modulated(x, self.modulation(time), rotation)


class TimestepEmbedder(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear_1 = nn.Linear(SINUSOID, TIME_WIDTH)
        self.linear_2 = nn.Linear(TIME_WIDTH, TIME_WIDTH)

    def forward(self, t, dtype):
        half = SINUSOID // 2
        slope = torch.arange(half, dtype=torch.float32) * -math.log(10000) / half
        arguments = 1000 * torch.as_tensor(t).reshape(-1, 1) * slope.exp()
        sinusoid = torch.cat([arguments.cos(), arguments.sin()], 1).to(dtype)
        return self.linear_2(F.silu(self.linear_1(sinusoid)))


class TimeCaptionEmbed(nn.Module):
    def __init__(self):
        super().__init__()
        self.timestep_embedder = TimestepEmbedder()
        self.caption_embedder = nn.Sequential(nn.RMSNorm(TEXT_WIDTH, eps=EPSILON), nn.Linear(TEXT_WIDTH, WIDTH))


class NormOut(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear_1 = nn.Linear(TIME_WIDTH, WIDTH)
        self.linear_2 = nn.Linear(WIDTH, PATCH * PATCH * CHANNELS)

    def scale(self, time):
        return 1 + self.linear_1(F.silu(time)).unsqueeze(1)

    def forward(self, x, scale):
        return self.linear_2(F.layer_norm(x, (WIDTH,), eps=1e-6) * scale)


class Dit(nn.Module):
    """So many layers of each refiner, and joint layers."""

    def __init__(self, refiner_layers, layers):
        super().__init__()
        self.x_embedder = nn.Linear(PATCH * PATCH * CHANNELS, WIDTH)
        self.ref_image_patch_embedder = nn.Linear(PATCH * PATCH * CHANNELS, WIDTH)
        self.image_index_embedding = nn.Parameter(torch.empty(5, WIDTH))
        self.time_caption_embed = TimeCaptionEmbed()
        self.noise_refiner = nn.ModuleList(Block(True) for _ in range(refiner_layers))
        self.ref_image_refiner = nn.ModuleList(Block(True) for _ in range(refiner_layers))
        self.context_refiner = nn.ModuleList(Block(False) for _ in range(refiner_layers))
        self.layers = nn.ModuleList(Block(True) for _ in range(layers))
        self.norm_out = NormOut()

    def refine(self, latent, text, references, rotations, t=TIME):
        """Joint tokens and time embedding of one branch."""
        time = self.time_caption_embed.timestep_embedder(t, latent.dtype)
        text = self.time_caption_embed.caption_embedder(text)
        noise = self.x_embedder(patchify(latent))
        images = [self.ref_image_patch_embedder(patchify(reference)) for reference in references]
        images = [image + self.image_index_embedding[i] for i, image in enumerate(images)]
        for block in self.context_refiner:
            text = block.plain(text, rotations.text)
        for block in self.noise_refiner:
            noise = block(noise, time, rotations.target)
        for block in self.ref_image_refiner:
            images = [block(image, time, rotation) for image, rotation in zip(images, rotations.references)]
        return torch.cat([text, *images, noise], 1), time

    def velocity(self, joint, time, rotations, size):
        for layer in self.layers:
            joint = layer(joint, time, rotations.joint)
        return self.output(joint, self.norm_out.scale(time), size)

    def output(self, hidden, scale, size):
        patches = self.norm_out(hidden[:, -(size // PATCH) ** 2 :], scale)
        return unpatchify(patches, size // PATCH)


class Rotations:
    """The tables of one branch: squares of `side` patches."""

    def __init__(self, side, references, words=TEXT):
        text = [(i, i, i) for i in range(words)]
        images = [square(words + i * side, side) for i in range(references + 1)]
        self.text = table(text)
        self.references = [table(image) for image in images[:-1]]
        self.target = table(images[-1])
        self.joint = table(text + [place for image in images for place in image])


def square(shift, side):
    return [(shift, row, column) for row in range(side) for column in range(side)]


def table(places):
    places = torch.tensor(places, dtype=torch.float64)
    frequencies = [10000.0 ** (-torch.arange(0, axis, 2, dtype=torch.float64) / axis) for axis in AXES]
    angles = torch.cat([places[:, i : i + 1] * turns for i, turns in enumerate(frequencies)], 1)
    return torch.polar(torch.ones_like(angles), angles).to(torch.complex64).unsqueeze(1)


def rotate(x, rotation):
    """`[batch, tokens, heads, head_dim]`, channels turned in adjacent pairs."""
    pairs = torch.view_as_complex(x.float().unflatten(3, (-1, 2)))
    return torch.view_as_real(pairs * rotation).flatten(3).type_as(x)


def patchify(latent):
    batch, channels, height, width = latent.shape
    x = latent.reshape(batch, channels, height // PATCH, PATCH, width // PATCH, PATCH)
    return x.permute(0, 2, 4, 3, 5, 1).reshape(batch, -1, PATCH * PATCH * channels)


def unpatchify(tokens, side):
    x = tokens.reshape(-1, side, side, PATCH, PATCH, CHANNELS).permute(0, 5, 1, 3, 2, 4)
    return x.reshape(-1, CHANNELS, side * PATCH, side * PATCH)


def network(refiner_layers, dtype, layers=1):
    with torch.device("meta"):
        dit = Dit(refiner_layers, layers)
    return synthetic.fill(dit, dtype)


def text(name, dtype):
    return synthetic.input(name, (1, TEXT, TEXT_WIDTH), dtype)


def block(side, dtype):
    """One joint layer between the text and the output, whose modulation is given."""
    dit, size = network(0, dtype), PATCH * side
    rotations = Rotations(side, 0)
    latent = synthetic.input("latent", (1, CHANNELS, size, size), dtype)
    joint, time = dit.refine(latent, text("text", dtype), [], rotations)
    words, noise = joint[:, :TEXT].clone(), joint[:, TEXT:].clone()
    layer = dit.layers[0]
    modulation, scale = layer.modulation(time), dit.norm_out.scale(time)

    def work():
        hidden = layer.modulated(torch.cat([words, noise], 1), modulation, rotations.joint)
        return dit.output(hidden, scale, size)

    return lambda: whole(work)


def guided_step(dtype):
    """A step of three branches with one reference, all 256x256 pixels."""
    side, size = 16, 32
    dit = network(1, dtype)
    latent, reference = (synthetic.input(name, (1, CHANNELS, size, size), dtype) for name in ("latent", "reference"))
    prompt, negative = text("text", dtype), text("negative", dtype)
    with_reference, without = Rotations(side, 1), Rotations(side, 0)
    branches = [(prompt, [reference], with_reference), (negative, [reference], with_reference), (negative, [], without)]

    def work():
        velocities, refined, layers = [], 0.0, 0.0
        for words, references, rotations in branches:
            (joint, time), seconds = timed(lambda: dit.refine(latent, words, references, rotations))
            refined += seconds
            velocity, seconds = timed(lambda: dit.velocity(joint, time, rotations, size))
            layers += seconds
            velocities.append(velocity)
        full, seen, unseen = velocities
        result = unseen + IMAGE_SCALE * (seen - unseen) + TEXT_SCALE * (full - seen)
        return result, REFINER_LAYERS * refined + LAYERS * layers, None

    return work
