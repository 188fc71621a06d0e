#!/usr/bin/env bash
# torch 2.11.0, random numbers on the CPU: manual_seed() takes 64 bits and initial_seed() gives all of them back, but
# the Mersenne twister is started with the lower 32 alone. Seeds that differ by 2^32 give the same numbers.
#
# ComfyUI offers seeds up to 2^64 - 1 and draws its noise so: 5 and 4294967301 give the same picture.
# Seen: randn(8) after manual_seed(5) and after manual_seed(2**32 + 5) are equal, after manual_seed(6) they are not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.11.0 numpy==2.4.6  # about 3 GB, as the wheel brings CUDA
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import torch


def numbers(seed):
    generator = torch.Generator()
    generator.manual_seed(seed)
    return torch.randn(8, generator=generator), generator.initial_seed()


(low, low_seed), (high, high_seed), (other, _) = numbers(5), numbers(2**32 + 5), numbers(6)
print("initial seeds:", low_seed, high_seed)
print("seeds 5 and 2^32 + 5 give equal numbers:", torch.equal(low, high))
print("seeds 5 and 6 give equal numbers:", torch.equal(low, other))
if not torch.equal(low, high) or torch.equal(low, other) or high_seed != 2**32 + 5:
    sys.exit("this has changed")
PYTHON
