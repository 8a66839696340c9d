"""A step of training by flow matching, at the sizes of the shapes model."""

import torch
import torch.nn.functional as F

import dit
import synthetic
from timing import whole

BATCH, WORDS, SIDE, LAYERS = 64, 32, 4, 6
BETAS, CLIP_NORM = (0.9, 0.99), 1.0


@torch.inference_mode(False)
def step(dtype):
    """Loss, gradients, clipping and AdamW at a rate of 0, after which the next step is the same again."""
    dit.WIDTH, dit.HEADS, dit.KV_HEADS, dit.HEAD, dit.INNER = 160, 5, 5, 32, 320
    dit.AXES = 8, 12, 12
    dit.TIME_WIDTH, dit.TEXT_WIDTH, dit.CHANNELS, dit.PATCH = 160, 96, 4, 4
    network = dit.network(1, dtype, LAYERS).requires_grad_(True).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.0, betas=BETAS, weight_decay=0.0)
    size = SIDE * dit.PATCH
    rotations = dit.Rotations(SIDE, 0, WORDS)
    latents, noise = (synthetic.input(name, (BATCH, dit.CHANNELS, size, size), dtype) for name in ("latents", "noise"))
    text = synthetic.input("text", (BATCH, WORDS, dit.TEXT_WIDTH), dtype)
    times = (torch.arange(BATCH) + 0.5) / BATCH

    @torch.inference_mode(False)
    def work():
        optimiser.zero_grad()
        t = times.reshape(-1, 1, 1, 1)
        joint, time = network.refine(noise + (latents - noise) * t, text, [], rotations, times)
        velocity = network.velocity(joint, time, rotations, size)
        F.mse_loss(velocity, latents - noise).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP_NORM)
        optimiser.step()
        return network.x_embedder.weight.grad.clone()

    return lambda: whole(work)
