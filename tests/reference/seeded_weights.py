"""Weights that C++ and Python make alike, so that no weights need to be committed.

Each tensor is filled by torch's CPU generator, seeded with the CRC-32 of its canonical (diffusers, transformers) name:
a matrix or convolution with normal values / sqrt(fan in), a norm's weight with 1 + 0.1 * normal, a bias with
0.1 * normal. tests/nodes/seeded_source.h does the same in C++.
"""

import math
import zlib

import torch


def seeded_normal(name: str, shape) -> torch.Tensor:
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    return torch.randn(tuple(shape), generator=generator)


def seeded_weight(name: str, shape) -> torch.Tensor:
    values = seeded_normal(name, shape)
    if len(shape) > 1:
        return values / math.sqrt(math.prod(shape[1:]))
    return 1 + 0.1 * values if name.endswith(".weight") else 0.1 * values


def canonical_text_name(name: str) -> str:
    """transformers 5 dropped the prefix that all checkpoints have."""
    return name if name.startswith("text_model.") else "text_model." + name


def fill(module: torch.nn.Module, canonical=lambda name: name) -> None:
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(seeded_weight(canonical(name), parameter.shape))
