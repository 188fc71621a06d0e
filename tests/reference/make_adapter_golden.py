"""Writes tests/nodes/golden/adapters.safetensors, for tests/nodes/sd/adapters/weight_change_test.cpp: what LyCORIS' and
peft's layers do, forward, with seeded weights, at strengths 1 and 0.5.

    python tests/reference/make_adapter_golden.py

"CASE.file.ROLE" are the tensors of a file as the library saves them, "CASE.weight" the weight without the adapter,
"CASE.at_1" and "CASE.at_0.5" with it. Weights are taken from what a layer gives for unit inputs: LyCORIS' own merge of LoHa and
LoKr applies alpha twice.
"""

import safetensors.torch
import torch
from lycoris.modules.loha import LohaModule
from lycoris.modules.locon import LoConModule
from lycoris.modules.lokr import LokrModule
from peft import LoraConfig, inject_adapter_in_model
from peft.utils import get_peft_model_state_dict

from family_networks import SD2, XL, control_net, inputs, make, outputs, token_ids
from make_network_golden import GOLDEN
from seeded_weights import seeded_normal

LINEAR, CONV = (12, 16), (6, 8)


def layer(kind: str) -> torch.nn.Module:
    module = torch.nn.Linear(*LINEAR, bias=False) if kind == "linear" else torch.nn.Conv2d(*CONV, 3, bias=False)
    with torch.no_grad():
        module.weight.copy_(seeded_normal(kind, module.weight.shape))
    return module


def effective_weight(module, kind: str) -> torch.Tensor:
    if kind == "linear":
        return module(torch.eye(LINEAR[0])).t().contiguous()
    units = torch.eye(CONV[0] * 9).view(-1, CONV[0], 3, 3)
    return module(units).flatten(1).t().reshape(CONV[1], CONV[0], 3, 3).contiguous()


def seed(case: str, module) -> None:
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            values = seeded_normal(f"{case}.{name}", parameter.shape)
            parameter.copy_(values.abs() + 0.5 if "dora" in name or "magnitude" in name else 0.4 * values)


def lycoris_case(case: str, kind: str, make, **options) -> dict:
    result = {}
    for strength in (1.0, 0.5):
        original = layer(kind)
        module = make("lora", original, multiplier=strength, lora_dim=options.get("dim", 4), alpha=options.get("alpha", 2),
                      **{k: v for k, v in options.items() if k not in ("dim", "alpha")}).eval()
        seed(case, module)
        module.apply_to()
        result[f"{case}.at_{strength:g}"] = effective_weight(original, kind)
        result |= {f"{case}.file.{name.removesuffix('.weight')}": t.clone() for name, t in module.state_dict().items()}
    return result | {f"{case}.weight": layer(kind).weight.detach()}


def peft_case(case: str, kind: str, **options) -> dict:
    parent = torch.nn.ModuleDict({"layer": layer(kind)})
    inject_adapter_in_model(LoraConfig(r=4, lora_alpha=4, target_modules=["layer"], init_lora_weights=False, **options), parent)
    seed(case, parent["layer"].lora_A)
    seed(case, parent["layer"].lora_B)
    with torch.no_grad():
        parent["layer"].weight.copy_(seeded_normal(kind, parent["layer"].weight.shape))
        for vector in parent["layer"].lora_magnitude_vector.values() if options.get("use_dora") else ():
            vector.weight.copy_(seeded_normal(case + ".magnitude", vector.weight.shape).abs() + 0.5)
    roles = {"lora_A.weight": "lora_down", "lora_B.weight": "lora_up", "lora_magnitude_vector": "peft_magnitude"}
    file = {roles[name.removeprefix("layer.")]: tensor for name, tensor in get_peft_model_state_dict(parent).items()}
    return {f"{case}.at_1": effective_weight(parent["layer"], kind), f"{case}.weight": layer(kind).weight.detach()} | {
        f"{case}.file.{role}": tensor.clone() for role, tensor in file.items()}


@torch.no_grad()
def unet_with_lora() -> torch.Tensor:
    """Stable Diffusion XL's U-Net, scaled down, with a LoRA of peft's on linear layers and convolutions."""
    unet, texts = make(XL)
    inject_adapter_in_model(LoraConfig(r=4, lora_alpha=4, target_modules=["to_q", "to_k", "to_v", "to_out.0", "conv1"]), unet)
    for name, parameter in unet.named_parameters():
        if ".lora_" in name:
            parameter.copy_(0.2 * seeded_normal(name.replace(".default", ""), parameter.shape))
    return outputs(XL, unet, [])["unet"]


@torch.no_grad()
def unet_with_control(family) -> torch.Tensor:
    """A U-Net, scaled down, steered at half strength by a ControlNet."""
    unet, _ = make(family)
    model = control_net(family)
    call = inputs(family)
    hint = seeded_normal("input.hint", (2, 3, *(8 * n for n in call["x"].shape[2:]))).sigmoid()
    down, mid = model(call["x"], call["t"], call["context"], controlnet_cond=hint, conditioning_scale=0.5,
                      added_cond_kwargs=call["told"], return_dict=False)
    return unet(call["x"], call["t"], call["context"], added_cond_kwargs=call["told"],
                down_block_additional_residuals=down, mid_block_additional_residual=mid).sample


@torch.no_grad()
def text_with_embedding() -> dict:
    """CLIP's text encoder of Stable Diffusion XL, scaled down, that reads a learned word of two vectors: as two more rows of
    its table, which is how transformers and diffusers have it."""
    _, texts = make(XL)
    body = getattr(texts[0], "text_model", texts[0])
    table = body.embeddings.token_embedding
    learned = seeded_normal("learned", (2, table.weight.shape[1]))
    body.embeddings.token_embedding = torch.nn.Embedding.from_pretrained(torch.cat([table.weight, learned]))
    ids = token_ids()
    ids[:, 3:5] = torch.tensor([1000, 1001])
    encoded = texts[0](ids, output_hidden_states=True)
    return {"xl.text_with_embedding": encoded.hidden_states[-2][:, ::7], "xl.text_with_embedding_pooled": encoded.pooler_output}


@torch.no_grad()
def main() -> None:
    result = {"xl.unet_with_lora": unet_with_lora()}
    result |= {f"{family.name}.unet_with_control": unet_with_control(family) for family in (SD2, XL)}
    result |= text_with_embedding()
    for kind in ("linear", "conv"):
        result |= lycoris_case(f"lora_{kind}", kind, LoConModule)
        result |= lycoris_case(f"dora_{kind}", kind, LoConModule, weight_decompose=True)
        result |= lycoris_case(f"dora_inputs_{kind}", kind, LoConModule, weight_decompose=True, wd_on_out=False)
        result |= lycoris_case(f"loha_{kind}", kind, LohaModule)
        result |= lycoris_case(f"lokr_{kind}", kind, LokrModule, factor=4, dim=1)
        result |= lycoris_case(f"lokr_both_{kind}", kind, LokrModule, factor=2, dim=1, decompose_both=True)
        result |= lycoris_case(f"lokr_whole_{kind}", kind, LokrModule, dim=100000, alpha=1, factor=2, full_matrix=True)
        result |= peft_case(f"peft_dora_{kind}", kind, use_dora=True)
    result |= lycoris_case("locon_core_conv", "conv", LoConModule, use_tucker=True)
    result |= lycoris_case("loha_core_conv", "conv", LohaModule, use_tucker=True)
    result |= lycoris_case("lokr_core_conv", "conv", LokrModule, use_tucker=True, factor=2, dim=1)
    safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in result.items()}, GOLDEN / "adapters.safetensors")
    for name, tensor in sorted(result.items()):
        if ".file." in name:
            print(name, tuple(tensor.shape), tensor.dtype)


if __name__ == "__main__":
    main()
