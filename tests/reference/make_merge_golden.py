"""Writes tests/nodes/golden/merges.safetensors: what ComfyUI's nodes make of two models with seeded weights.

    python tests/reference/make_merge_golden.py COMFYUI

COMFYUI is a folder with ComfyUI's source (0.29.0). What of its dependencies is not installed and not needed is replaced by
nothing. The models are the seeded small ones: "medium", shaped as Stable Diffusion 1, and "xl". The second's weights are those of
the names with "second." in front. Of each tensor, in the order of ldm_names_medium.txt and family_names_xl.txt, two values
stand in the golden: the middle and the last.
"""

import sys
from unittest.mock import MagicMock

sys.argv = [sys.argv[0], "--cpu", *sys.argv[1:]]
sys.path.insert(0, sys.argv.pop())


class Missing:
    """Finds every module that nobody else does."""

    def find_spec(self, name, path=None, target=None):
        import importlib.machinery
        wanted = name.split(".")[0] not in ("comfy", "cublas_ops", "xformers", "sageattention", "flash_attn", "sageattn3")
        return importlib.machinery.ModuleSpec(name, self) if wanted else None

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__path__, module.__spec__ = [], spec
        return module

    def exec_module(self, module):
        pass


import safetensors.torch  # noqa: E402
import torch  # noqa: E402
from diffusers import UNet2DConditionModel  # noqa: E402
from transformers import CLIPTextConfig, CLIPTextModel  # noqa: E402

from family_networks import XL  # noqa: E402
from golden_files import GOLDEN, read_text  # noqa: E402
from model_sizes import MEDIUM  # noqa: E402
from seeded_weights import canonical_text_name, seeded_weight  # noqa: E402

_ = UNet2DConditionModel, CLIPTextConfig, CLIPTextModel  # imported before what is missing is found
sys.meta_path.append(Missing())
import comfy.options  # noqa: E402

comfy.options.enable_args_parsing()
import comfy.lora  # noqa: E402
import comfy.model_patcher  # noqa: E402
from comfy_extras import nodes_model_merging as merging  # noqa: E402
from comfy_extras import nodes_model_merging_model_specific as specific  # noqa: E402


def module_of(tensors: dict) -> torch.nn.Module:
    """Modules within modules, so that each tensor has its name."""
    root = torch.nn.Module()
    for name, tensor in tensors.items():
        *path, leaf = name.split(".")
        module = root
        for step in path:
            if step not in module._modules:
                module.add_module(step, torch.nn.Module())
            module = module._modules[step]
        module.register_parameter(leaf, torch.nn.Parameter(tensor, requires_grad=False))
    return root


def patcher(names: list, shapes: dict, prefix: str, which: str):
    tensors = {prefix + theirs: seeded_weight(which + ours, shapes[ours]) for theirs, ours in names}
    cpu = torch.device("cpu")
    return comfy.model_patcher.ModelPatcher(module_of(tensors), cpu, cpu)


def samples(model, names: list, prefix: str) -> torch.Tensor:
    """Two values of each tensor, as ComfyUI loads it with all patches."""
    rows = []
    for theirs, _ in names:
        key = prefix + theirs
        weight = comfy.utils.get_attr(model.model, key).detach().clone()
        if key in model.patches:
            weight = comfy.lora.calculate_weight(model.patches[key], weight, key)
        flat = weight.flatten()
        rows.append(torch.stack([flat[flat.numel() // 2], flat[-1]]))
    return torch.stack(rows)


def names_in(file: str, prefix: str) -> list:
    lines = [line.split() for line in read_text(file).splitlines()]
    return [(theirs.removeprefix(prefix), ours) for theirs, ours in lines if theirs.startswith(prefix)]


def ratios(node, count: int) -> dict:
    """A different one for each block, in the order in which the node declares them."""
    blocks = [name for name in node.INPUT_TYPES()["required"] if not name.startswith("model")]
    return {name: ((i * 7) % 11) / 10 for i, name in enumerate(blocks[:count])}


@torch.no_grad()
def main() -> None:
    result = {}
    prefix, inner = "model.diffusion_model.", "diffusion_model."
    for case, file, arguments, node in (("sd1", "ldm_names_medium.txt", MEDIUM.unet, specific.ModelMergeSD1),
                                        ("xl", "family_names_xl.txt", XL.unet, specific.ModelMergeSDXL)):
        names = names_in(file, prefix)
        with torch.device("meta"):
            shapes = {name: tensor.shape for name, tensor in UNet2DConditionModel(**arguments).state_dict().items()}
        first, second = (patcher(names, shapes, inner, which) for which in ("", "second."))
        if case == "sd1":
            made = {"simple": merging.ModelMergeSimple().merge(first, second, 0.3),
                    "add": merging.ModelAdd().merge(first, second),
                    "subtract": merging.ModelSubtract().merge(first, second, 1.5),
                    "thirds": merging.ModelMergeBlocks().merge(first, second, input=0.2, middle=0.5, out=0.9)}
            # A difference on top of a merge, and a second model that is itself a merge.
            nested = merging.ModelMergeSimple().merge(second, first, 0.25)[0]
            made["nested"] = merging.ModelAdd().merge(made["subtract"][0], nested)
        else:
            made = {}
        made["blocks"] = node().merge(first, second, **ratios(node, 99))
        for name, model in made.items():
            result[f"{case}.{name}"] = samples(model[0], names, inner)

    names = names_in("ldm_names_medium.txt", "cond_stage_model.transformer.")
    with torch.device("meta"):
        state = CLIPTextModel(CLIPTextConfig(**MEDIUM.text)).state_dict()
    shapes = {canonical_text_name(name): tensor.shape for name, tensor in state.items()}
    first, second = (patcher(names, shapes, "clip_l.transformer.", which) for which in ("", "second."))
    for name, model in {"simple": merging.CLIPMergeSimple().merge(first, second, 0.3),
                        "add": merging.CLIPAdd().merge(first, second),
                        "subtract": merging.CLIPSubtract().merge(first, second, 0.5)}.items():
        result[f"clip.{name}"] = samples(model[0], names, "clip_l.transformer.")
    safetensors.torch.save_file(result, GOLDEN / "merges.safetensors")
    print({name: tuple(tensor.shape) for name, tensor in result.items()})


if __name__ == "__main__":
    main()
