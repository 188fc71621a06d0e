"""Writes tests/nodes/golden/t2i_adapters.safetensors: what diffusers' T2I-Adapters make of a seeded picture with seeded
weights, and what a U-Net makes of that.

    python tests/reference/make_t2i_adapter_golden.py
"""

import safetensors.torch
import torch
from diffusers import T2IAdapter, UNet2DConditionModel

from make_network_golden import GOLDEN
from model_sizes import unet_arguments
from seeded_weights import fill, seeded_normal

CHANNELS = [64, 128, 128, 128]
UNETS = {"full_adapter": ([True, True, True, False], dict(cross_attention_dim=64, attention_head_dim=1)),
         "light_adapter": ([True, True, True, False], dict(cross_attention_dim=64, attention_head_dim=1)),
         "full_adapter_xl": ([False, True, True], dict(cross_attention_dim=64, attention_head_dim=1))}


def unet(kind: str) -> UNet2DConditionModel:
    attention, others = UNETS[kind]
    model = UNet2DConditionModel(**unet_arguments(CHANNELS[:len(attention)], attention, in_channels=4, layers_per_block=2,
                                                  norm_num_groups=32, **others)).eval()
    fill(model)
    return model


@torch.no_grad()
def main() -> None:
    results = {}
    for kind, channels, size in (("full_adapter", 3, 64), ("light_adapter", 1, 64), ("full_adapter_xl", 3, 64)):
        adapter = T2IAdapter(in_channels=channels, channels=CHANNELS[:3] if "light" in kind else CHANNELS, num_res_blocks=4 if "light" in kind else 2,
                             downscale_factor=16 if "xl" in kind else 8, adapter_type=kind).eval()
        fill(adapter, lambda name: name.removeprefix("adapter."))
        hint = seeded_normal("input.hint", (1, channels, size, size)).mul(0.25).add(0.5).clamp(0, 1)
        features = adapter(hint)
        for i, feature in enumerate(features):
            results[f"{kind}.{i}"] = feature[:, ::16]
        noise = unet(kind)(seeded_normal("input.unet.x", (1, 4, size // 8, size // 8)), torch.tensor([500]),
                           seeded_normal("input.unet.context", (1, 7, 64)),
                           down_intrablock_additional_residuals=[0.8 * feature for feature in features]).sample
        results[f"{kind}.unet"] = noise
    safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in results.items()},
                                GOLDEN / "t2i_adapters.safetensors")
    (GOLDEN / "t2i_adapters.safetensors").chmod(0o644)
    print({name: tuple(tensor.shape) for name, tensor in results.items()})


if __name__ == "__main__":
    main()
