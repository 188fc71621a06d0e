"""Writes the reference networks as a checkpoint in either of the two layouts."""

import json
from pathlib import Path

import safetensors.torch
import torch

from make_network_golden import ldm_names
from model_sizes import ModelSize
from seeded_weights import canonical_text_name


def save_folder(folder: Path, size: ModelSize, unet, vae, text, dtype=torch.float32) -> None:
    for part, module, file in (("unet", unet, "diffusion_pytorch_model"), ("vae", vae, "diffusion_pytorch_model"),
                               ("text_encoder", text, "model")):
        (folder / part).mkdir(parents=True, exist_ok=True)
        name = canonical_text_name if part == "text_encoder" else str
        tensors = {name(n): t.to(dtype).contiguous() for n, t in module.state_dict().items()}
        safetensors.torch.save_file(tensors, folder / part / f"{file}.safetensors")
    configs = {"unet": size.unet, "vae": size.vae | {"scaling_factor": 0.18215}, "text_encoder": size.text}
    for part, config in configs.items():
        (folder / part / "config.json").write_text(json.dumps(config))
    (folder / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionPipeline"}))


def save_single_file(path: Path, size: ModelSize, unet, vae, text, dtype=torch.float32) -> None:
    parts = {"model.": unet.state_dict(), "first_stage_model.": vae.state_dict(),
             "cond_stage_model.": {canonical_text_name(n): t for n, t in text.state_dict().items()}}
    result = {}
    for old, new in ldm_names(size, unet, vae, text).items():
        part = next(tensors for prefix, tensors in parts.items() if old.startswith(prefix))
        tensor = part[new].to(dtype)
        result[old] = tensor[..., None, None] if ".attn_1." in old and tensor.dim() == 2 else tensor
    metadata = {"weft.unet.heads": str(size.unet["attention_head_dim"]),
                "weft.unet.norm_groups": str(size.unet["norm_num_groups"]),
                "weft.vae.norm_groups": str(size.vae["norm_num_groups"]),
                "weft.text.heads": str(size.text["num_attention_heads"]),
                "weft.text.activation": size.text["hidden_act"]}
    safetensors.torch.save_file({n: t.contiguous() for n, t in result.items()}, path, metadata)
