"""Writes tests/nodes/golden/hypernetwork.safetensors: what ComfyUI's patch makes of keys and values with seeded hypernetworks, as
"CASE.keys" and "CASE.values". The files themselves are seeded in the test.

    python tests/reference/make_hypernetwork_golden.py COMFYUI

With layer norms ComfyUI also activates the last layer, which the web UI does not train (modules/hypernetworks/hypernetwork.py
there), so that case is made of the web UI's order of layers.
"""

import sys
import tempfile

import safetensors.torch
import torch

from make_network_golden import GOLDEN
from seeded_weights import seeded_normal, seeded_weight

WIDTH, STRENGTH = 8, 0.7
CASES = {"linear": ("linear", False), "relu": ("relu", False), "activated": ("mish", True), "swish": ("swish", False),
         "softsign": ("softsign", True)}


def layers(side: int, norms: bool) -> dict:
    """Two linear layers, each with a norm behind it where asked."""
    shapes = [(2 * WIDTH, WIDTH), (2 * WIDTH,), (WIDTH, 2 * WIDTH), (WIDTH,)] if norms else [(2 * WIDTH, WIDTH), (WIDTH, 2 * WIDTH)]
    result = {}
    for i, shape in enumerate(shapes):
        for leaf, size in (("weight", shape), ("bias", shape[:1])):
            name = f"{WIDTH}.{side}.linear.{5 * i}.{leaf}"
            result[f"linear.{5 * i}.{leaf}"] = seeded_weight(name, size)
    return result


@torch.no_grad()
def main() -> None:
    sys.path.insert(0, sys.argv.pop())
    import comfy.options

    sys.argv.append("--cpu")
    comfy.options.enable_args_parsing()
    from comfy_extras.nodes_hypernetwork import load_hypernetwork_patch

    keys, values = seeded_normal("keys", (2, 3, WIDTH)), seeded_normal("values", (2, 3, WIDTH))
    result = {}
    for case, (activation, activated) in CASES.items():
        with tempfile.NamedTemporaryFile(suffix=".pt") as file:
            torch.save({WIDTH: [layers(0, False), layers(1, False)], "activation_func": activation,
                        "activate_output": activated}, file.name)
            patch = load_hypernetwork_patch(file.name, STRENGTH)
        _, result[f"{case}.keys"], result[f"{case}.values"] = patch(None, keys, values, {})
    for side, x in ((0, keys), (1, values)):
        parts = layers(side, True)
        linear = [(parts[f"linear.{i}.weight"], parts[f"linear.{i}.bias"]) for i in (0, 5, 10, 15)]
        h = torch.nn.functional.layer_norm(torch.tanh(torch.nn.functional.linear(x, *linear[0])), (2 * WIDTH,), *linear[1])
        h = torch.nn.functional.layer_norm(torch.nn.functional.linear(h, *linear[2]), (WIDTH,), *linear[3])
        result[f"norms.{('keys', 'values')[side]}"] = x + STRENGTH * h
    safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in result.items()},
                                GOLDEN / "hypernetwork.safetensors")
    print({name: tuple(tensor.shape) for name, tensor in result.items()})


if __name__ == "__main__":
    main()
