"""Writes tests/nodes/golden/networks_*.safetensors and ldm_names_*.txt.gz.

    python tests/reference/make_network_golden.py

The first hold what diffusers and transformers make of seeded inputs with seeded weights (seeded_weights.py) at two
scaled-down sizes. The second list the tensors of the same models in the CompVis/LDM single-file layout, each with its
diffusers name; diffusers' own converter confirms every line.
"""


import safetensors.torch
import torch
from diffusers.loaders import single_file_utils as reference

from golden_files import GOLDEN, write_text
from model_sizes import MEDIUM, SMALL, ModelSize
from reference_networks import inputs, make_text_encoder, make_unet, make_vae, outputs
from seeded_weights import canonical_text_name


RESNET = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
          "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}
VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}


def unet_ldm_name(name: str, size: ModelSize) -> str:
    per_level = size.unet["layers_per_block"] + 1
    attends = list(reversed(["Cross" in t for t in size.unet["down_block_types"]]))
    for new, old in {"conv_in": "input_blocks.0.0", "time_embedding.linear_1": "time_embed.0",
                     "time_embedding.linear_2": "time_embed.2", "conv_norm_out": "out.0", "conv_out": "out.2",
                     "mid_block.resnets.0": "middle_block.0", "mid_block.attentions.0": "middle_block.1",
                     "mid_block.resnets.1": "middle_block.2"}.items():
        if name.startswith(new + "."):
            return old + "." + in_resnet(name[len(new) + 1:])
    kind, level, part, layer, rest = name.split(".", 4)
    level, layer = int(level), int(layer)
    if kind == "down_blocks":
        if part == "downsamplers":
            return f"input_blocks.{per_level * (level + 1)}.0.op.{rest.removeprefix('conv.')}"
        return f"input_blocks.{per_level * level + layer + 1}.{int(part == 'attentions')}.{in_resnet(rest)}"
    if part == "upsamplers":
        return f"output_blocks.{per_level * (level + 1) - 1}.{1 + attends[level]}.{rest}"
    return f"output_blocks.{per_level * level + layer}.{int(part == 'attentions')}.{in_resnet(rest)}"


def in_resnet(rest: str) -> str:
    head, _, tail = rest.partition(".")
    return f"{RESNET[head]}.{tail}" if head in RESNET and tail in ("weight", "bias") else rest


def vae_ldm_name(name: str, size: ModelSize) -> str:
    levels = len(size.vae["block_out_channels"])
    name = name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
    name = name.replace("mid_block.resnets.0", "mid.block_1").replace("mid_block.resnets.1", "mid.block_2")
    for new, old in VAE_ATTENTION.items():
        name = name.replace(f"mid_block.attentions.0.{new}.", f"mid.attn_1.{old}.")
    parts = name.split(".")
    if parts[1] == "down_blocks":
        what = "block." + parts[4] if parts[3] == "resnets" else "downsample"
        return ".".join([parts[0], "down", parts[2], what, *parts[5:]])
    if parts[1] == "up_blocks":
        what = "block." + parts[4] if parts[3] == "resnets" else "upsample"
        return ".".join([parts[0], "up", str(levels - 1 - int(parts[2])), what, *parts[5:]])
    return name


def ldm_names(size: ModelSize, unet, vae, text) -> dict:
    names = {"model.diffusion_model." + unet_ldm_name(n, size): n for n in unet.state_dict()}
    names |= {"first_stage_model." + vae_ldm_name(n, size): n for n in vae.state_dict()}
    names |= {"cond_stage_model.transformer." + canonical_text_name(n): canonical_text_name(n)
              for n in text.state_dict()}
    return names


def confirm(names: dict, unet, vae=None) -> None:
    """diffusers' converter, given the LDM names, must give the diffusers names back."""
    tensors = dict(unet.state_dict()) | (dict(vae.state_dict()) if vae else {})
    ldm = {}
    for old, new in names.items():
        if new in tensors and not old.startswith("cond_stage_model."):
            tensor = tensors[new]
            ldm[old] = tensor[..., None, None] if ".attn_1." in old and tensor.dim() == 2 else tensor
    for module, convert in filter(lambda pair: pair[0], ((unet, reference.convert_ldm_unet_checkpoint), (vae, reference.convert_ldm_vae_checkpoint))):
        converted = convert(dict(ldm), module.config)
        expected = module.state_dict()
        assert set(converted) == set(expected), set(converted) ^ set(expected)
        for name, tensor in expected.items():
            assert torch.equal(converted[name].reshape(tensor.shape), tensor), name


def main() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for size in (SMALL, MEDIUM):
        networks = make_unet(size), make_vae(size), make_text_encoder(size)
        names = ldm_names(size, *networks)
        confirm(names, *networks[:2])
        write_text(f"ldm_names_{size.name}.txt", "".join(f"{a} {b}\n" for a, b in sorted(names.items())))
        result = outputs(size, *networks, inputs(size))
        safetensors.torch.save_file({n: t.contiguous() for n, t in result.items()},
                                    GOLDEN / f"networks_{size.name}.safetensors")
        print(size.name, {n: tuple(t.shape) for n, t in result.items()})


if __name__ == "__main__":
    main()
