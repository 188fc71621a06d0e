"""Writes tests/nodes/golden/adapter_forms.safetensors, for tests/nodes/sd/adapters/weight_change_test.cpp: as
make_adapter_golden.py, for OFT, BOFT, GLoRA, IA3 and whole differences of LyCORIS, and for peft's OFT; and what ComfyUI makes of
the DoRA files of adapters.safetensors at strength 0.5. The weights without an adapter are seeded by "linear" and "conv".

    python tests/reference/make_adapter_forms_golden.py COMFYUI
"""

import sys

import safetensors.torch
import torch
from lycoris.modules.boft import ButterflyOFTModule
from lycoris.modules.diag_oft import DiagOFTModule
from lycoris.modules.full import FullModule
from lycoris.modules.glora import GLoRAModule
from lycoris.modules.ia3 import IA3Module
from peft import OFTConfig, inject_adapter_in_model
from peft.utils import get_peft_model_state_dict

from make_adapter_golden import effective_weight, layer
from make_network_golden import GOLDEN
from seeded_weights import seeded_normal

DORA = ("dora_linear", "dora_conv", "dora_inputs_linear", "dora_inputs_conv")


def lycoris_case(case: str, kind: str, make, **options) -> dict:
    result = {}
    for strength in (1.0, 0.5):
        original = layer(kind)
        module = make("lora", original, multiplier=strength, **({"lora_dim": 4, "alpha": 2} | options)).eval()
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                values = 0.4 * seeded_normal(f"{case}.{name}", parameter.shape)
                parameter.copy_(1 + values if "rescale" in name else values)
        module.apply_to()
        result[f"{case}.at_{strength:g}"] = effective_weight(original, kind)
        roles = {"weight": "ia3"} if make is IA3Module else {}
        state = module.custom_state_dict() if make is FullModule else module.state_dict()
        for name, tensor in state.items():
            name = roles.get(name, name.removesuffix(".weight"))
            result[f"{case}.file.{name}"] = tensor.detach().clone()
    return result


@torch.no_grad()
def peft_case(case: str, kind: str, **options) -> dict:
    parent = torch.nn.ModuleDict({"layer": layer(kind)})
    inject_adapter_in_model(OFTConfig(r=0, oft_block_size=4, target_modules=["layer"], **options), parent)
    for name, parameter in parent.named_parameters():
        if "oft_R" in name:
            parameter.copy_(0.2 * seeded_normal(f"{case}.{name}", parameter.shape))
    (name, file), = get_peft_model_state_dict(parent).items()
    assert name == "layer.oft_R.weight"
    result = {f"{case}.file.oft_R": file.clone()}
    if kind == "linear":
        return result | {f"{case}.at_1": effective_weight(parent["layer"], kind)}
    parent["layer"].merge()  # forward folds the patches of a 3x3 layer into each other
    return result | {f"{case}.at_1": parent["layer"].base_layer.weight.detach().clone()}


@torch.no_grad()
def comfyui(folder: str) -> dict:
    sys.path.insert(0, folder)
    import comfy.options

    sys.argv = sys.argv[:1] + ["--cpu"]
    comfy.options.enable_args_parsing()
    from comfy.weight_adapter import LoRAAdapter

    given, result = safetensors.torch.load_file(GOLDEN / "adapters.safetensors"), {}
    for case in DORA:
        names = {"lora_up": "lora_up.weight", "lora_down": "lora_down.weight", "lora_mid": "lora_mid.weight"}
        prefix = f"{case}.file."
        file = {"x." + names.get(k.removeprefix(prefix), k.removeprefix(prefix)): v for k, v in given.items() if k.startswith(prefix)}
        adapter = LoRAAdapter.load("x", file, file["x.alpha"].item(), file["x.dora_scale"], set())
        weight = given[f"{case}.weight"].clone()
        result[f"{case}.comfyui_at_0.5"] = adapter.calculate_weight(
            weight, "x", 0.5, 1.0, None, lambda a: a, torch.float32, weight.clone()).clone()
    return result


def main() -> None:
    result = {}
    for kind in ("linear", "conv"):
        result |= lycoris_case(f"oft_{kind}", kind, DiagOFTModule)
        result |= lycoris_case(f"glora_{kind}", kind, GLoRAModule)
        result |= lycoris_case(f"ia3_{kind}", kind, IA3Module)
        result |= lycoris_case(f"ia3_inputs_{kind}", kind, IA3Module, train_on_input=True)
        result |= peft_case(f"peft_oft_{kind}", kind)
    result |= lycoris_case("boft_linear", "linear", ButterflyOFTModule)
    result |= lycoris_case("oft_bound_linear", "linear", DiagOFTModule, constraint=0.05)
    result |= lycoris_case("oft_rescaled_conv", "conv", DiagOFTModule, rescaled=True)
    result |= lycoris_case("boft_rescaled_linear", "linear", ButterflyOFTModule, rescaled=True, constraint=0.1)
    result |= lycoris_case("full_linear", "linear", FullModule)
    result |= peft_case("peft_oft_shared_linear", "linear", block_share=True)
    result |= comfyui(sys.argv[1])
    safetensors.torch.save_file({name: tensor.detach().contiguous() for name, tensor in result.items()},
                                GOLDEN / "adapter_forms.safetensors")
    for name, tensor in sorted(result.items()):
        print(name, tuple(tensor.shape), tensor.dtype)


if __name__ == "__main__":
    main()
