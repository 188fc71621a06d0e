"""Writes tests/nodes/golden/: what config.json and scheduler_config.json say beside shapes, as diffusers and transformers
understand it.

    python tests/reference/make_variant_golden.py

networks_variants.safetensors holds what networks with unusual keys make of seeded inputs, schedulers.json the share of
signal (alphas_cumprod) at some timesteps under each way to say the betas.
"""

import json
from pathlib import Path

import safetensors.torch
import torch
from diffusers import DDIMScheduler, LatentConsistencyModelPipeline, UNet2DConditionModel
from diffusers.models.embeddings import get_timestep_embedding
from transformers import CLIPTextConfig, CLIPTextModel

from model_sizes import SMALL, unet_arguments
from seeded_weights import canonical_text_name, fill, seeded_normal

GOLDEN = Path(__file__).parent.parent / "nodes" / "golden"

UNET = unet_arguments([32, 64], [True, False], in_channels=4, layers_per_block=1, cross_attention_dim=32,
                      attention_head_dim=4, norm_num_groups=16, mid_block_type=None, norm_eps=1e-3,
                      flip_sin_to_cos=False, freq_shift=1)
TEXT = SMALL.text | dict(layer_norm_eps=1e-2, eos_token_id=2)
IDS = [[62, 5, 63, 7, 61, 2, 2, 2]]  # 63 is a learned word: the largest id, not the last one

SCHEDULERS = {
    "stable_diffusion": dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"),
    "zero_snr": dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", rescale_betas_zero_snr=True),
    "linear": dict(beta_start=0.0001, beta_end=0.02, beta_schedule="linear"),
    "only_a_start": dict(beta_start=0.0002),
    "cosine": dict(beta_schedule="squaredcos_cap_v2"),
    "short": dict(beta_start=0.001, beta_end=0.03, beta_schedule="scaled_linear", num_train_timesteps=100),
    "trained": dict(trained_betas=[0.01, 0.02, 0.05, 0.1, 0.2, 0.4]),
}


@torch.no_grad()
def networks() -> dict:
    unet = UNet2DConditionModel(**UNET).eval()
    fill(unet)
    text = CLIPTextModel(CLIPTextConfig(**TEXT)).eval()
    fill(text, canonical_text_name)
    encoded = text(torch.tensor(IDS))
    x, context = seeded_normal("input.unet.x", (2, 4, 7, 10)), seeded_normal("input.unet.context", (2, 77, 32))
    guided = UNet2DConditionModel(**UNET, time_cond_proj_dim=8).eval()
    fill(guided)
    guidance = LatentConsistencyModelPipeline.get_guidance_scale_embedding(None, torch.tensor([7.5, 0.0]), embedding_dim=8)
    return {"unet": unet(x, torch.tensor([3, 987]), context).sample,
            "unet.guidance": guided(x, torch.tensor([3, 987]), context, timestep_cond=guidance).sample,
            "text.hidden": encoded.last_hidden_state,
            "text.pooled": encoded.pooler_output,
            "timestep_embedding": get_timestep_embedding(torch.tensor([3, 987]), 8, flip_sin_to_cos=False,
                                                         downscale_freq_shift=1)}


def schedulers() -> list:
    cases = []
    for name, config in SCHEDULERS.items():
        alphas = DDIMScheduler(**config).alphas_cumprod.double()
        places = sorted({0, 1, len(alphas) // 3, len(alphas) // 2, len(alphas) - 2, len(alphas) - 1})
        cases.append({"name": name, "config": config, "timesteps": len(alphas),
                      "alphas_cumprod": {str(i): alphas[i].item() for i in places}})
    return cases


def main() -> None:
    tensors = {name: tensor.contiguous() for name, tensor in networks().items()}
    safetensors.torch.save_file(tensors, GOLDEN / "networks_variants.safetensors")
    (GOLDEN / "schedulers.json").write_text(json.dumps(schedulers(), indent=1) + "\n")


if __name__ == "__main__":
    main()
