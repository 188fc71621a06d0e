"""Compares Weft's networks with diffusers' and transformers' at full Stable Diffusion 1.5 size, in both layouts.

    cmake --build build/release --target weft_reference_runner
    python tests/reference/compare_full_size.py [--runner build/release/bin/weft_reference_runner]

Seeded random weights, float32; prints the relative error of each output, and fails above 1e-4. Needs 10 GB of disk
and 12 GB of memory, and takes a few minutes.
"""

import argparse
import gc
import subprocess
import sys
import tempfile
from pathlib import Path

import safetensors.torch

from model_sizes import FULL
from reference_networks import inputs, make_text_encoder, make_unet, make_vae, outputs
from save_model import save_folder, save_single_file

ROOT = Path(__file__).parent.parent.parent


def relative_error(found, expected) -> float:
    return ((found.float() - expected).norm() / expected.norm()).item()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runner", default=ROOT / "build/release/bin/weft_reference_runner")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        networks = make_unet(FULL), make_vae(FULL), make_text_encoder(FULL)
        given = inputs(FULL)
        safetensors.torch.save_file(given, folder / "inputs.safetensors")
        expected = outputs(FULL, *networks, given)
        save_single_file(folder / "model.safetensors", FULL, *networks)
        save_folder(folder / "model", FULL, *networks)
        del networks
        gc.collect()
        worst = 0.0
        for layout in ("model.safetensors", "model"):
            subprocess.run([arguments.runner, folder / layout, folder / "inputs.safetensors", folder / "out.safetensors"],
                           check=True)
            found = safetensors.torch.load_file(folder / "out.safetensors")
            for name, tensor in expected.items():
                error = relative_error(found[name], tensor)
                worst = max(worst, error)
                print(f"{layout:18} {name:12} relative error {error:.2e}")
    return 0 if worst <= 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main())
