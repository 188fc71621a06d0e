"""Writes tests/nodes/golden/tiled.safetensors: what the mean over three ways of tiling gives, by its definition alone.

    python tests/reference/make_tiled_golden.py

Of each place of the result, over all tiles that cover it: the sum of weight * network(tile), divided by the sum of weights. A
tile's weight along an axis rises in equal steps over the overlap at both of its ends, and is 1 for a tile no longer than the
overlap. The network looks at its whole tile, so that it shows which tiles there are.
"""

import math
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

# name: height, width, side of a tile, overlap, scale of the result
CASES = {
    "decode": (10, 13, 8, 2, 2.0),
    "decode_long": (21, 7, 8, 2, 2.0),
    "decode_no_overlap": (9, 9, 4, 0, 2.0),
    "encode": (24, 30, 16, 4, 0.5),
    "whole": (5, 6, 8, 2, 2.0),
}


def network(tile: np.ndarray, scale: float) -> np.ndarray:
    marked = tile - 0.5 * tile.mean() + 0.01 * tile.shape[0] - 0.02 * tile.shape[1]
    if scale >= 1:
        times = round(scale)
        return marked.repeat(times, 0).repeat(times, 1)
    step = round(1 / scale)
    return marked[::step, ::step]


def begins(length: int, tile: int, overlap: int) -> list[int]:
    return [0] if length <= tile else list(range(0, length - overlap, tile - overlap))


def weight(length: int, overlap: int, place: int) -> float:
    if overlap >= length:
        return 1.0
    from_begin, from_end = place + 1, length - place
    return math.prod(min(1.0, d / overlap) for d in (from_begin, from_end)) if overlap else 1.0


def tiled(x: np.ndarray, high: int, wide: int, overlap: int, scale: float) -> np.ndarray:
    height, width = x.shape
    if height <= high and width <= wide:
        return network(x, scale)
    total = np.zeros((round(height * scale), round(width * scale)))
    weights = np.zeros_like(total)
    for top in begins(height, high, overlap):
        for left in begins(width, wide, overlap):
            piece = network(x[top : top + high, left : left + wide], scale)
            fade = round(overlap * scale)
            for i in range(piece.shape[0]):
                for k in range(piece.shape[1]):
                    w = weight(piece.shape[0], fade, i) * weight(piece.shape[1], fade, k)
                    total[round(top * scale) + i, round(left * scale) + k] += w * piece[i, k]
                    weights[round(top * scale) + i, round(left * scale) + k] += w
    return total / weights


def main() -> None:
    tensors = {}
    for number, (name, (height, width, side, overlap, scale)) in enumerate(CASES.items()):
        x = np.random.default_rng(number).standard_normal((height, width)).astype(np.float32).astype(np.float64)
        ways = [(side, side), (side // 2, side * 2), (side * 2, side // 2)]
        mean = sum(tiled(x, high, wide, overlap, scale) for high, wide in ways) / 3
        tensors[name + ".in"] = x.astype(np.float32)[None, None]
        tensors[name + ".out"] = mean.astype(np.float32)[None, None]
        tensors[name + ".plan"] = np.array([side, overlap, scale], np.float32)
    save_file(tensors, Path(__file__).parent.parent / "nodes/golden/tiled.safetensors")


if __name__ == "__main__":
    main()
