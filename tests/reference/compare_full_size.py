"""Compares Weft's networks with diffusers' and transformers' at full size: Stable Diffusion 1.5 in both layouts, its
inpainting model, 2.1, its inpainting and unCLIP models, XL and its refiner, and the latent diffusion paper's own models.

    cmake --build build/release --target weft_reference_runner
    python tests/reference/compare_full_size.py [MODEL ...] [--runner build/release/bin/weft_reference_runner]

Seeded random weights, float32; prints the relative error of each output, and fails above 1e-4. Needs 14 GB of disk
and 14 GB of memory, and takes a few minutes a model.
"""

import argparse
import gc
import subprocess
import sys
import tempfile
from pathlib import Path

import safetensors.torch

import full_size_families
import paper_networks as paper
from model_sizes import FULL
from paper_sizes import FULL as PAPER_MODELS
from reference_networks import inputs, make_text_encoder, make_unet, make_vae, outputs
from save_model import save_folder, save_single_file

ROOT = Path(__file__).parent.parent.parent


def relative_error(found, expected) -> float:
    """Of indices: the share that differs."""
    if not expected.is_floating_point():
        return (found != expected).float().mean().item()
    return ((found.float() - expected).norm() / expected.norm()).item()


def run_weft(runner, folder: Path, checkpoint: str) -> dict:
    subprocess.run([runner, folder / checkpoint, folder / "inputs.safetensors", folder / "out.safetensors"], check=True)
    return safetensors.torch.load_file(folder / "out.safetensors")


def report(name: str, found: dict, expected: dict) -> float:
    errors = {output: relative_error(found[output], tensor) for output, tensor in expected.items()}
    for output, error in errors.items():
        print(f"{name:22} {output:12} relative error {error:.2e}", flush=True)
    return max(errors.values())


def compare_stable_diffusion(runner, folder: Path) -> float:
    networks = make_unet(FULL), make_vae(FULL), make_text_encoder(FULL)
    given = inputs(FULL)
    safetensors.torch.save_file(given, folder / "inputs.safetensors")
    expected = outputs(FULL, *networks, given)
    save_single_file(folder / "model.safetensors", FULL, *networks)
    save_folder(folder / "model", FULL, *networks)
    del networks
    gc.collect()
    return max(report(f"sd-v1-5 {layout}", run_weft(runner, folder, "model" + layout), expected)
               for layout in (".safetensors", ""))


def compare_paper_model(runner, folder: Path, model) -> float:
    """One network in memory at a time."""
    given = paper.inputs(model)
    safetensors.torch.save_file(given, folder / "inputs.safetensors")
    shapes, expected = paper.encoder_shapes(model), {}
    for part, make, outputs_of in (
            ("unet", paper.make_unet, lambda network: paper.unet_outputs(model, network, given)),
            ("first_stage", paper.make_first_stage, lambda network: paper.first_stage_outputs(network, given)),
            ("text", paper.make_text_encoder, lambda network: paper.encoder_outputs(model, network, given))):
        network = make(model)
        shapes |= paper.fill(paper.ldm_parameters(model, **{part: network}))
        expected |= outputs_of(network)
        del network
        gc.collect()
    paper.write_checkpoint(folder / "model.safetensors", shapes, model.metadata)
    return report(model.name, run_weft(runner, folder, "model.safetensors"), expected)


def compare_family(runner, folder: Path, family) -> float:
    given = full_size_families.inputs(family)
    safetensors.torch.save_file(given, folder / "inputs.safetensors")
    expected = full_size_families.write_and_run(family, folder / "model", given)
    return report(family.name, run_weft(runner, folder, "model"), expected)


def main() -> int:
    comparisons = {"sd-v1-5": compare_stable_diffusion}
    comparisons |= {model.name: lambda runner, folder, model=model: compare_paper_model(runner, folder, model)
                    for model in PAPER_MODELS}
    comparisons |= {family.name: lambda runner, folder, family=family: compare_family(runner, folder, family)
                    for family in full_size_families.FAMILIES}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", choices=[*comparisons, []], metavar="MODEL", help=", ".join(comparisons))
    parser.add_argument("--runner", default=ROOT / "build/release/bin/weft_reference_runner")
    arguments = parser.parse_args()
    worst = 0.0
    for name in arguments.models or comparisons:
        with tempfile.TemporaryDirectory() as temporary:
            worst = max(worst, comparisons[name](arguments.runner, Path(temporary)))
    return 0 if worst <= 1e-4 else 1


if __name__ == "__main__":
    sys.exit(main())
