"""Writes tests/nodes/golden/additions.safetensors, for tests/nodes/sd/adapters/gligen_file_test.cpp and
ip_adapter_file_test.cpp.

    PYTHONPATH=COMFYUI:DYNTHRES python tests/reference/make_addition_golden.py

What a small U-Net with seeded weights makes of seeded inputs with GLIGEN (ComfyUI's) and with IP-Adapters of all kinds
(diffusers'), whose weights are seeded, too. Of what comes out every 13th number is kept.
"""

import safetensors.torch
import torch
from diffusers import UNet2DConditionModel

from make_network_golden import GOLDEN, unet_ldm_name
from make_patch_golden import SIZE
from model_sizes import ModelSize
from seeded_weights import fill, seeded_normal, seeded_weight

CONTEXT = 768
WIDE = ModelSize(**{**SIZE.__dict__, "unet": {**SIZE.unet, "cross_attention_dim": CONTEXT}})
SHAPE = (2, 4, 16, 8)
PLACES = {"down_blocks.0.attentions.0": 32, "down_blocks.1.attentions.0": 64, "down_blocks.2.attentions.0": 128,
          "mid_block.attentions.0": 128, "up_blocks.1.attentions.0": 128, "up_blocks.1.attentions.1": 128,
          "up_blocks.2.attentions.0": 64, "up_blocks.2.attentions.1": 64, "up_blocks.3.attentions.0": 32,
          "up_blocks.3.attentions.1": 32}
X, CONTEXTS = seeded_normal("added.x", SHAPE), seeded_normal("added.context", (2, 7, CONTEXT))
T = torch.tensor([500.0, 500.0])


def gligen_weights():
    """By ComfyUI's names."""
    named = {"position_net.null_positive_feature": (CONTEXT,), "position_net.null_position_feature": (64,)}
    for i, (rows, columns) in {0: (512, CONTEXT + 64), 2: (512, 512), 4: (CONTEXT, 512)}.items():
        named |= {f"position_net.linears.{i}.weight": (rows, columns), f"position_net.linears.{i}.bias": (rows,)}
    weights = {name: seeded_weight(name, shape) for name, shape in named.items()}
    for place, width in PLACES.items():
        block = f"{place}.transformer_blocks.0"
        shapes = {"linear.weight": (width, CONTEXT), "linear.bias": (width,), "alpha_attn": (), "alpha_dense": (),
                  "attn.to_out.0.weight": (width, width), "attn.to_out.0.bias": (width,),
                  "ff.net.0.proj.weight": (8 * width, width), "ff.net.0.proj.bias": (8 * width,),
                  "ff.net.2.weight": (width, 4 * width), "ff.net.2.bias": (width,)}
        shapes |= {f"attn.to_{part}.weight": (width, width) for part in "qkv"}
        shapes |= {f"norm{i}.{part}": (width,) for i in (1, 2) for part in ("weight", "bias")}
        for name, shape in shapes.items():
            old = unet_ldm_name(f"{block}.fuser.{name}", WIDE)
            weights[old] = seeded_weight(f"{block}.fuser.{name}", shape)
    return weights


def gligen() -> dict:
    import comfy.gligen
    import comfy.ops
    from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel

    unet = UNetModel(image_size=32, in_channels=4, out_channels=4, model_channels=32, num_res_blocks=[1, 1, 1, 1],
                     channel_mult=(1, 2, 4, 4), transformer_depth=[1, 1, 1, 0], transformer_depth_output=[1] * 6 + [0, 0],
                     transformer_depth_middle=1, context_dim=CONTEXT, use_spatial_transformer=True, num_heads=8,
                     legacy=False, dtype=torch.float32, operations=comfy.ops.disable_weight_init).eval()
    named = UNet2DConditionModel(**WIDE.unet).state_dict()
    unet.load_state_dict({unet_ldm_name(name, WIDE): seeded_weight(name, t.shape) for name, t in named.items()})
    model = comfy.gligen.load_gligen(gligen_weights())
    boxes = [(seeded_normal("added.phrase0", (1, CONTEXT)), 6, 4, 2, 1),  # height, width, y, x
             (seeded_normal("added.phrase1", (1, CONTEXT)), 9, 3, 7, 5)]
    results = {}
    for name, patches in {"plain": {}, "gligen": {"middle_patch": [model.set_position(SHAPE, boxes, torch.device("cpu"))]}}.items():
        results[name] = unet(X, T, context=CONTEXTS, transformer_options={"patches": patches})
    return results


def ip_adapter_weights(kind: str) -> dict:
    hidden = 128
    shapes = {
        "linear": {"proj.weight": (4 * CONTEXT, 48), "proj.bias": (4 * CONTEXT,)},
        "full": {"proj.0.weight": (48, 48), "proj.0.bias": (48,), "proj.2.weight": (CONTEXT, 48),
                 "proj.2.bias": (CONTEXT,), "proj.3.weight": (CONTEXT,), "proj.3.bias": (CONTEXT,)},
        "face": {"proj.0.weight": (96, 48), "proj.0.bias": (96,), "proj.2.weight": (4 * CONTEXT, 96),
                 "proj.2.bias": (4 * CONTEXT,)},
        "plus": {"latents": (1, 5, hidden), "proj_in.weight": (hidden, 48), "proj_in.bias": (hidden,),
                 "proj_out.weight": (CONTEXT, hidden), "proj_out.bias": (CONTEXT,), "norm_out.weight": (CONTEXT,),
                 "norm_out.bias": (CONTEXT,)},
    }[kind]
    if kind in ("linear", "face"):
        shapes |= {"norm.weight": (CONTEXT,), "norm.bias": (CONTEXT,)}
    for i in range(4 if kind == "plus" else 0):
        shapes |= {f"layers.{i}.0.norm{n}.{part}": (hidden,) for n in (1, 2) for part in ("weight", "bias")}
        shapes |= {f"layers.{i}.0.to_q.weight": (hidden, hidden), f"layers.{i}.0.to_kv.weight": (2 * hidden, hidden),
                   f"layers.{i}.0.to_out.weight": (hidden, hidden), f"layers.{i}.1.0.weight": (hidden,),
                   f"layers.{i}.1.0.bias": (hidden,), f"layers.{i}.1.1.weight": (4 * hidden, hidden),
                   f"layers.{i}.1.3.weight": (hidden, 4 * hidden)}
    order = [place for place in PLACES if not place.startswith("mid")] + ["mid_block.attentions.0"]
    layers = {f"{2 * i + 1}.to_{part}_ip.weight": (PLACES[place], CONTEXT) for i, place in enumerate(order) for part in "kv"}
    return {"image_proj": {name: seeded_weight("image_proj." + name, shape) for name, shape in shapes.items()},
            "ip_adapter": {name: seeded_weight("ip_adapter." + name, shape) for name, shape in layers.items()}}


def ip_adapters() -> dict:
    from diffusers.image_processor import IPAdapterMaskProcessor

    results = {}
    mask = torch.zeros(1, 1, 16, 8)
    mask[..., 3:12, 2:7] = 1
    for kind, states in {"linear": 0, "linear_masked": 0, "face": 0, "plus": 6, "full": 6}.items():
        unet = UNet2DConditionModel(**WIDE.unet).eval()
        fill(unet)
        unet._load_ip_adapter_weights([ip_adapter_weights(kind.removesuffix("_masked"))], low_cpu_mem_usage=False)
        for processor in unet.attn_processors.values():
            if hasattr(processor, "scale"):
                processor.scale = [0.7]
        image = seeded_normal("added.image", (2, states, 48) if states else (2, 48))
        masked = {"ip_adapter_masks": [mask]} if kind.endswith("masked") else None
        results["ip_" + kind] = unet(X, T, CONTEXTS, added_cond_kwargs={"image_embeds": [image.unsqueeze(1)]},
                                     cross_attention_kwargs=masked).sample
    return results


@torch.no_grad()
def main() -> None:
    results = {name: result.flatten()[::13].contiguous() for name, result in (gligen() | ip_adapters()).items()}
    for name, result in results.items():
        print(f"{name:16} {(result - results['plain']).norm() / results['plain'].norm():.4f}")
    safetensors.torch.save_file(results, GOLDEN / "additions.safetensors")
    (GOLDEN / "additions.safetensors").chmod(0o644)


if __name__ == "__main__":
    main()
