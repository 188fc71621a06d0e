"""Writes tests/nodes/golden/gguf.safetensors: what the package gguf makes of packed blocks, and a file that it wrote.

    python tests/reference/make_gguf_golden.py

"TYPE.blocks" are bytes and "TYPE.values" what they stand for. Types that the package can pack hold seeded normal values; of the
others, the bytes are seeded, with scales that are finite. "file" is a whole GGUF file as ComfyUI-GGUF writes them: the shapes
of tensors that were made fit for packing are in the metadata. "file.NAME" are the values in it.
"""

import tempfile

import gguf
import numpy as np
import safetensors.torch
import torch
from gguf import GGMLQuantizationType as Type

from make_network_golden import GOLDEN
from seeded_weights import seeded_normal

PACKED = [Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0]
# The places of the scales that are half floats.
UNPACKED = {Type.Q2_K: (80, 82), Type.Q3_K: (108,), Type.Q4_K: (0, 2), Type.Q5_K: (0, 2), Type.Q6_K: (208,),
            Type.IQ4_NL: (0,), Type.IQ4_XS: (0,)}


def seeded_blocks(kind: Type, places: tuple) -> np.ndarray:
    size = gguf.GGML_QUANT_SIZES[kind][1]
    blocks = (seeded_normal(kind.name, (1, size)).numpy() * 1e4).astype(np.int64).astype(np.uint8)
    for i, place in enumerate(places):
        blocks[0, place:place + 2] = np.array([0.013 + 0.02 * i], np.float16).view(np.uint8)
    return blocks


def main() -> None:
    result = {}
    for kind in PACKED:
        result[f"{kind.name}.blocks"] = gguf.quantize(seeded_normal(kind.name, (2, 32)).numpy(), kind)
    for kind, places in UNPACKED.items():
        result[f"{kind.name}.blocks"] = seeded_blocks(kind, places)
    for kind in [*PACKED, *UNPACKED]:
        result[f"{kind.name}.values"] = gguf.dequantize(result[f"{kind.name}.blocks"], kind)

    with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
        writer = gguf.GGUFWriter(file.name, "sd1")
        writer.add_quantization_version(2)
        writer.add_string("general.name", "a small one")
        writer.add_array("a.list.of.texts", ["one", "two"])
        bias = seeded_normal("bias", (5,)).numpy()
        writer.add_tensor("time_embed.0.bias", bias)
        half = seeded_normal("half", (2, 3)).numpy().astype(np.float16)
        writer.add_tensor("half.weight", half)
        weight = seeded_normal("weight", (16, 8, 2, 2)).numpy()
        writer.add_array("comfy.gguf.orig_shape.conv.weight", list(weight.shape))
        packed = gguf.quantize(weight.reshape(2, 256), Type.Q8_0)
        writer.add_tensor("conv.weight", packed, raw_dtype=Type.Q8_0)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        result["file"] = np.fromfile(file.name, np.uint8)
    result |= {"file.time_embed.0.bias": bias, "file.half.weight": half,
               "file.conv.weight": gguf.dequantize(packed, Type.Q8_0).reshape(weight.shape)}
    safetensors.torch.save_file({name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in result.items()},
                                GOLDEN / "gguf.safetensors")
    print({name: array.shape for name, array in result.items()})


if __name__ == "__main__":
    main()
