"""PyTorch's side of one case of `cargo xtask compare`: `side.py CASE f32|bf16 THREADS`.

Answers each line that it reads with a line of JSON, as benches/src/bin/side.rs does."""

import ctypes
import json
import sys

import torch

import attention
import dit
import mllm
import train
import vae
import vit

CASES = {
    "dit-block-256": lambda dtype: dit.block(16, dtype),
    "dit-block-1024": lambda dtype: dit.block(32, dtype),
    "guided-step": dit.guided_step,
    "prefill-512": mllm.prefill,
    "decode": mllm.decode,
    "vae-decode-512": vae.decode,
    "vae-encode-512": vae.encode,
    "attention-1024": lambda dtype: attention.diffusion(1024, dtype),
    "attention-4096": lambda dtype: attention.diffusion(4096, dtype),
    "attention-causal-512": lambda dtype: attention.causal(512, dtype),
    "vit-block": vit.blocks,
    "train-step": train.step,
}
TYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def main():
    case, dtype, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    bare = resident("VmRSS:")
    work = CASES[case](TYPES[dtype])
    forget_peak()
    answer(bare=bare)
    result = None
    for line in sys.stdin:
        command, _, path = line.strip().partition(" ")
        if command == "run":
            result = None
            result, seconds, size = work()
            answer(seconds=seconds, bytes=size)
        elif command == "write":
            numbers = result.float().contiguous()
            with open(path, "wb") as file:
                file.write(ctypes.string_at(numbers.data_ptr(), 4 * numbers.numel()))
            answer(count=result.numel())
        elif command == "peak":
            answer(peak=resident("VmHWM:"))
        else:
            sys.exit(f"`{command}` is not `run`, `write FILE` or `peak`")


def answer(**fields):
    print(json.dumps(fields), flush=True)


def resident(line):
    """A line of the process's memory, in bytes, where the system tells."""
    try:
        with open("/proc/self/status") as status:
            return next(1024 * int(text.split()[1]) for text in status if text.startswith(line))
    except OSError:
        return None


def forget_peak():
    """Where the system does not allow this, the peak is that of the whole process."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


if __name__ == "__main__":
    with torch.inference_mode():
        main()
