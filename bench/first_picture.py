"""From a cold process to the first 512x512 picture in four steps, at Stable Diffusion 1.5's size: Weft against diffusers,
time and peak memory, in turns.

    ./weft --setup-only
    python bench/first_picture.py [--rounds 3]

Seeded random weights in float16, as checkpoints are shipped; both compute in bfloat16 on two threads.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "reference"))

DIFFUSERS = """
import sys, torch
torch.set_num_threads(int(sys.argv[3]))
from diffusers import AutoencoderKL, EulerDiscreteScheduler, UNet2DConditionModel
from transformers import CLIPTextModel
folder, out = sys.argv[1], sys.argv[2]
bf16 = torch.bfloat16
with torch.no_grad():
    unet = UNet2DConditionModel.from_pretrained(folder + "/unet", torch_dtype=bf16).to(memory_format=torch.channels_last)
    vae = AutoencoderKL.from_pretrained(folder + "/vae", torch_dtype=bf16).to(memory_format=torch.channels_last)
    text = CLIPTextModel.from_pretrained(folder + "/text_encoder", torch_dtype=bf16)
    ids = torch.full((2, 77), 49407); ids[:, 0] = 49406
    context = text(ids).last_hidden_state
    scheduler = EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    scheduler.set_timesteps(4)
    x = torch.randn(1, 4, 64, 64, generator=torch.manual_seed(1)) * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        both = scheduler.scale_model_input(torch.cat([x, x]), t).to(bf16).contiguous(memory_format=torch.channels_last)
        yes, no = unet(both, t, context).sample.float().chunk(2)
        x = scheduler.step(no + 7 * (yes - no), t, x).prev_sample
    image = vae.decode((x / vae.config.scaling_factor).to(bf16)).sample.float()
from PIL import Image
Image.fromarray(((image[0].permute(1, 2, 0) / 2 + 0.5).clamp(0, 1) * 255).byte().numpy()).save(out + "/diffusers.png")
"""


def workflow() -> dict:
    graph = json.loads((ROOT / "workflows/text-to-image.json").read_text())
    values = {"checkpoint": {"name": "random"}, "size": {"width": 512, "height": 512},
              "sampler": {"steps": 4, "cfg": 7, "sampler": "euler", "schedule": "normal"}}
    for node, inputs in values.items():
        graph["nodes"][node]["inputs"].update(inputs)
    return graph


def measured(command, environment) -> tuple:
    """Seconds, and MiB of peak memory, of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"failed: {' '.join(map(str, command))}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    environment = os.environ | {"OMP_NUM_THREADS": str(arguments.threads)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_model(folder / "models/checkpoints/random")
        (folder / "workflow.json").write_text(json.dumps(workflow()))
        commands = {
            "diffusers": [sys.executable, "-c", DIFFUSERS, folder / "models/checkpoints/random", folder, arguments.threads],
            "weft": [ROOT / "weft", "run", folder / "workflow.json", "--models", folder / "models", "--out", folder,
                     "--threads", arguments.threads, "--dtype", "bfloat16", "--progress", "none", "--device", "cpu"]}
        commands = {who: list(map(str, command)) for who, command in commands.items()}
        runs = {who: [] for who in commands}
        for _ in range(arguments.rounds):
            for who, command in commands.items():
                runs[who].append(measured(command, environment))
    seconds, memory = ({who: statistics.median(run[k] for run in runs[who]) for who in runs} for k in (0, 1))
    print(f"time:        diffusers {seconds['diffusers']:.1f} s, Weft {seconds['weft']:.1f} s, "
          f"ratio {seconds['diffusers'] / seconds['weft']:.2f}")
    print(f"peak memory: diffusers {memory['diffusers']:.0f} MiB, Weft {memory['weft']:.0f} MiB, "
          f"ratio {memory['diffusers'] / memory['weft']:.2f}")


def make_model(folder: Path) -> None:
    """In a process of its own, so that its memory is not counted as diffusers'."""
    code = ("import sys, torch; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
            "from model_sizes import FULL; from reference_networks import make_text_encoder, make_unet, make_vae\n"
            "from save_model import save_folder\n"
            "save_folder(Path(sys.argv[2]), FULL, make_unet(FULL), make_vae(FULL), make_text_encoder(FULL), torch.float16)")
    subprocess.run([sys.executable, "-c", code, str(ROOT / "tests/reference"), str(folder)], check=True)


if __name__ == "__main__":
    main()
