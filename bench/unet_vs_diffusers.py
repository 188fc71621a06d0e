"""One guided U-Net step (batch 2, 64x64 latents, SD 1.5 size) and one 512x512 VAE decode: Weft against diffusers eager.

    cmake --build build/release --target weft_reference_runner
    python bench/unet_vs_diffusers.py [--dtype bfloat16|float32] [--repeat 5] [--threads 2]

diffusers runs in channels_last. The two take turns, so that a noisy machine disturbs both alike; the ratio of the
medians is what counts.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "reference"))

import safetensors.torch
import torch

from model_sizes import FULL
from reference_networks import inputs, make_text_encoder, make_unet, make_vae
from save_model import save_single_file


def diffusers_seconds(unet, vae, given, repeat) -> dict:
    def time_of(act):
        start = time.perf_counter()
        act()
        return time.perf_counter() - start

    dtype = next(unet.parameters()).dtype
    x = given["unet.x"].to(dtype).contiguous(memory_format=torch.channels_last)
    latent = given["vae.latent"].to(dtype)
    context = given["unet.context"].to(dtype)
    step = lambda: unet(x, given["unet.timesteps"], context)
    decode = lambda: vae.decode(latent)
    with torch.no_grad():
        step(), decode()
        return {"unet": [time_of(step) for _ in range(repeat)], "vae.decoded": [time_of(decode) for _ in range(repeat)]}


def weft_seconds(arguments, folder) -> dict:
    command = [arguments.runner, folder / "model.safetensors", folder / "inputs.safetensors", folder / "out.safetensors",
               "--dtype", arguments.dtype, "--repeat", str(arguments.repeat)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds = defaultdict(list)
    for line in output.splitlines():
        name, value = line.split()
        seconds[name].append(float(value))
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runner", default=ROOT / "build/release/bin/weft_reference_runner")
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float32"])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)
    dtype = getattr(torch, arguments.dtype)
    seconds = {"diffusers": defaultdict(list), "weft": defaultdict(list)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        unet, vae, text = make_unet(FULL), make_vae(FULL), make_text_encoder(FULL)
        given = inputs(FULL)
        given["vae.latent"] = torch.randn(1, 4, 64, 64)
        needed = {n: t for n, t in given.items() if n.startswith("unet.") or n == "vae.latent"}
        safetensors.torch.save_file(needed, folder / "inputs.safetensors")
        save_single_file(folder / "model.safetensors", FULL, unet, vae, text, dtype)
        unet, vae = (m.to(dtype=dtype, memory_format=torch.channels_last) for m in (unet, vae))
        for _ in range(arguments.rounds):
            for name, values in diffusers_seconds(unet, vae, given, arguments.repeat).items():
                seconds["diffusers"][name] += values
            for name, values in weft_seconds(arguments, folder).items():
                seconds["weft"][name] += values
    for name in ("unet", "vae.decoded"):
        theirs, ours = (statistics.median(seconds[who][name]) for who in ("diffusers", "weft"))
        print(f"{name:12} {arguments.dtype}: diffusers {theirs:.3f} s, Weft {ours:.3f} s, ratio {theirs / ours:.2f}")


if __name__ == "__main__":
    main()
