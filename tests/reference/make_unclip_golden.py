"""Writes tests/nodes/golden/unclip.safetensors, for tests/nodes/sd/families/unclip_test.cpp: what transformers, diffusers and
ComfyUI make of seeded inputs.

    python tests/reference/make_unclip_golden.py COMFYUI

COMFYUI is a folder with its sources, of which two functions are run.
"""

import ast
import sys
from pathlib import Path

import safetensors.torch
import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from diffusers.models.embeddings import get_timestep_embedding
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from make_network_golden import GOLDEN
from model_sizes import unet_arguments
from seeded_weights import fill, seeded_normal

MEAN, DEVIATION, WIDTH = 0.3, 1.7, 48


def function_of(comfyui: Path, file: str, name: str):
    tree = ast.parse((comfyui / file).read_text())
    source = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    space = {"torch": torch}
    exec(compile(ast.Module(source, []), file, "exec"), space)
    return space[name]


def vision(act: str) -> dict:
    model = CLIPVisionModelWithProjection(CLIPVisionConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=3, num_attention_heads=1, image_size=32, patch_size=8,
        projection_dim=WIDTH, hidden_act=act)).eval()
    fill(model)
    found = model(seeded_normal("input.vision", (2, 3, 32, 32)), output_hidden_states=True)
    return {f"{act}.embedding": found.image_embeds, f"{act}.hidden": found.last_hidden_state[:, ::5],
            f"{act}.penultimate": found.hidden_states[-2][:, ::5]}


def unet() -> torch.Tensor:
    model = UNet2DConditionModel(**unet_arguments(
        [64, 128], [True, False], in_channels=4, layers_per_block=1, cross_attention_dim=1024, attention_head_dim=[1, 2],
        norm_num_groups=32, use_linear_projection=True, class_embed_type="projection",
        projection_class_embeddings_input_dim=2 * WIDTH)).eval()
    rename = {"class_embedding": "add_embedding"}
    fill(model, lambda name: name.replace("class_embedding", rename["class_embedding"]))
    return model(seeded_normal("input.unet.x", (1, 4, 8, 11)), torch.tensor([500]),
                 seeded_normal("input.unet.context", (1, 7, 1024)),
                 class_labels=seeded_normal("input.unet.vector", (1, 2 * WIDTH))).sample


def noised(embedding: torch.Tensor, share: float, seed: int, mean=0.0, deviation=1.0) -> torch.Tensor:
    """As diffusers' StableUnCLIPImg2ImgPipeline.noise_image_embeddings has it."""
    scheduler = DDPMScheduler(beta_schedule="squaredcos_cap_v2")
    level = torch.tensor([round(999 * share)])
    noise = torch.randn(embedding.shape, generator=torch.manual_seed(seed))
    noisy = scheduler.add_noise((embedding - mean) / deviation, noise, level) * deviation + mean
    return torch.cat([noisy, get_timestep_embedding(level, WIDTH, flip_sin_to_cos=True, downscale_freq_shift=0)], 1)


@torch.no_grad()
def main() -> None:
    comfyui = Path(sys.argv[1])
    results = vision("quick_gelu") | vision("gelu") | {"unet": unet()}
    preprocess = function_of(comfyui, "comfy/clip_model.py", "clip_preprocess")
    picture = seeded_normal("input.picture", (1, 37, 53, 3)).mul(0.25).add(0.5).clamp(0, 1)
    results |= {"pixels.crop": preprocess(picture, size=32, crop=True), "pixels.none": preprocess(picture, size=32, crop=False)}
    one, two = seeded_normal("input.one", (1, WIDTH)), seeded_normal("input.two", (1, WIDTH))
    results["prompt.one"] = noised(one, 0.3, 1234 - 10)
    results["prompt.normed"] = noised(one, 0.3, 1234 - 10, MEAN, DEVIATION)
    # ComfyUI merges by the sum; what it then adds is of no seed, so at level 0 it is next to nothing.
    both = noised(one, 0, 1224) * 0.75 + noised(two, 0.5, 1224) * 0.5
    results["prompt.both"] = both
    safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in results.items()}, GOLDEN / "unclip.safetensors")
    (GOLDEN / "unclip.safetensors").chmod(0o644)
    print({name: tuple(tensor.shape) for name, tensor in results.items()})


if __name__ == "__main__":
    main()
