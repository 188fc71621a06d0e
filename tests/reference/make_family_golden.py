"""Writes tests/nodes/golden/families.safetensors and family_names_*.txt.gz, for tests/nodes/sd/families/family_golden_test.cpp.

    python tests/reference/make_family_golden.py

The first holds what diffusers and transformers make of seeded inputs (family_networks.py). The others list the tensors of
the same models in a single file, each with its name in diffusers; diffusers' own converters confirm every line.
"""

import safetensors.torch
import torch
from diffusers.loaders import single_file_utils as reference

from family_networks import FAMILIES, Family, make, outputs, text_name
from make_network_golden import GOLDEN, confirm, unet_ldm_name, write_text

RESBLOCK = {"layer_norm1": "ln_1", "layer_norm2": "ln_2", "self_attn.out_proj": "attn.out_proj", "mlp.fc1": "mlp.c_fc",
            "mlp.fc2": "mlp.c_proj"}


def open_clip_name(name: str) -> str | None:
    """Of a tensor of transformers'; queries and values are in that of the keys."""
    plain = {"text_model.embeddings.token_embedding.weight": "token_embedding.weight",
             "text_model.embeddings.position_embedding.weight": "positional_embedding",
             "text_model.final_layer_norm.weight": "ln_final.weight",
             "text_model.final_layer_norm.bias": "ln_final.bias", "text_projection.weight": "text_projection"}
    if name in plain:
        return plain[name]
    layer, _, rest = name.removeprefix("text_model.encoder.layers.").partition(".")
    for new, old in RESBLOCK.items():
        if rest.startswith(new + "."):
            return f"transformer.resblocks.{layer}.{old}.{rest[len(new) + 1:]}"
    if rest.startswith("self_attn.k_proj."):
        return f"transformer.resblocks.{layer}.attn.in_proj_{rest.rpartition('.')[2]}"
    return None


class Size:
    """What make_network_golden.py asks of a model's size."""

    def __init__(self, family: Family):
        self.unet = family.unet


def single_file_names(family: Family, unet, texts) -> dict:
    """All but the autoencoder's, which are those of Stable Diffusion 1."""
    names = {}
    for name in unet.state_dict():
        if name.startswith("add_embedding."):
            layer = {"linear_1": 0, "linear_2": 2}[name.split(".")[1]]
            names[f"model.diffusion_model.label_emb.0.{layer}.{name.rpartition('.')[2]}"] = name
        else:
            names["model.diffusion_model." + unet_ldm_name(name, Size(family))] = name
    for model, (_, _, prefix, is_open_clip) in zip(texts, family.texts):
        for name in map(text_name, model.state_dict()):
            old = open_clip_name(name) if is_open_clip else name
            if old:
                names[prefix + old] = name
    return names


def confirm_open_clip(names: dict, prefix: str, model) -> None:
    """diffusers' converter, given OpenCLIP's names, must give transformers' back."""
    tensors = {text_name(name): tensor for name, tensor in model.state_dict().items()}
    file = {}
    for old, new in names.items():
        if not old.startswith(prefix):
            continue
        tensor = tensors[new]
        if ".in_proj_" in old:
            tensor = torch.cat([tensors[new.replace("k_proj", part)] for part in ("q_proj", "k_proj", "v_proj")])
        file[old] = tensor.t() if old.endswith("text_projection") else tensor
    converted = reference.convert_open_clip_checkpoint(model, file, prefix=prefix)
    for name, tensor in tensors.items():
        found = converted.get(name, converted.get(name.removeprefix("text_model.")))
        if found is None and name.startswith("text_model.encoder.layers.2"):
            continue  # it drops the last layer of Stable Diffusion 2's
        assert found is not None and torch.equal(found, tensor), name


def main() -> None:
    results = {}
    for family in FAMILIES:
        unet, texts = make(family)
        names = single_file_names(family, unet, texts)
        results |= {f"{family.name}.{name}": tensor for name, tensor in outputs(family, unet, texts).items()}
        if family.name == "ssd":  # which diffusers reads from folders alone
            continue
        confirm({old: new for old, new in names.items() if not old.startswith(("cond_", "conditioner."))}, unet)
        for model, (_, _, prefix, is_open_clip) in zip(texts, family.texts):
            if is_open_clip:
                confirm_open_clip(names, prefix, model)
        write_text(f"family_names_{family.name}.txt", "".join(f"{a} {b}\n" for a, b in sorted(names.items())))
    safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in results.items()},
                                GOLDEN / "families.safetensors")
    print({name: tuple(tensor.shape) for name, tensor in results.items()})


if __name__ == "__main__":
    main()
