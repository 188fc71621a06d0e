"""Makes tests/nodes/golden/sampling_parts.json: small parts of sampling as numpy, scipy, torchsde and Pillow compute
them. Run by hand when a part is added: a Python with tests/reference/requirements.txt.
"""

import json
import math
import pathlib

import numpy as np
import scipy.stats
import torch
import torchsde
from PIL import Image


def seed_sequences():
    keys = [[], [0, 0], [1, 1], [5, 3], [2**31, 31], [2**35 + 7, 36]]
    entropies = [0, 1, 42, 2**32 - 1, 2**32, 2**64 - 1]
    return [
        {"entropy": str(e), "key": [str(k) for k in key],
         "word": int(np.random.SeedSequence(e, spawn_key=key, pool_size=24).generate_state(1)[0])}
        for e in entropies for key in keys]


def brownian():
    rows = []
    for seed, low, high, shape in [(7, 0.03, 14.6, (1, 4, 3, 3)), (2**40 + 1, 0.1, 4518.18, (2, 4, 1, 5))]:
        tree = torchsde.BrownianTree(low, torch.zeros(shape), high, entropy=seed, tol=1e-6, pool_size=24)
        for a, b in [(low, high), (1.0, 1.000001), (0.5, 2.75), (3.3333333, 14.0), (0.0, 99999.0)]:
            increment = tree(a, b)
            rows.append({"seed": str(seed), "range": [low, high], "shape": shape, "query": [a, b],
                         "increment": increment.flatten().tolist()})
    return rows


def beta_timesteps():
    """For n steps, the timesteps at the quantiles of Beta(0.6, 0.6), neighbours that are equal once."""
    result = {}
    for n in list(range(1, 101)) + [250, 500, 1000]:
        quantiles = scipy.stats.beta.ppf(1 - np.linspace(0, 1, n, endpoint=False), 0.6, 0.6)
        steps = np.rint(quantiles * 999).astype(int).tolist()
        result[n] = [t for i, t in enumerate(steps) if i == 0 or t != steps[i - 1]]
    return result


def slerp_resize(x, height, width):
    """Direction and length of the channel vector interpolated apart, per axis, places as in bilinear resizing."""

    def axis(x, new):  # along the last axis of [C, rows, old]
        old = x.shape[-1]
        out = np.zeros(x.shape[:-1] + (new,))
        for i in range(new):
            place = np.float32(min(max((i + 0.5) * old / new - 0.5, 0), old - 1))
            a, share = int(place), float(place) - int(place)
            # The upper neighbour's index is itself an interpolation (of 1, 2, ..., old - 1, old - 1), cut down.
            up = [min(k + 1, old - 1) for k in range(old)]
            after = min(a + 1, old - 1)
            b = int(up[a] * (1 - share) + up[after] * share + 1e-6)
            for row in range(x.shape[1]):
                u, v = x[:, row, a], x[:, row, b]
                nu, nv = np.linalg.norm(u), np.linalg.norm(v)
                du, dv = (u / nu if nu else u * 0), (v / nv if nv else v * 0)
                dot = float(du @ dv)
                if dot > 1 - 1e-5:
                    out[:, row, i] = u
                elif dot < 1e-5 - 1:
                    out[:, row, i] = u * (1 - share) + v * share
                else:
                    w = math.acos(dot)
                    arc = (math.sin((1 - share) * w) * du + math.sin(share * w) * dv) / math.sin(w)
                    out[:, row, i] = arc * (nu * (1 - share) + nv * share)
        return out

    wide = axis(x, width)
    return axis(wide.transpose(0, 2, 1), height).transpose(0, 2, 1)


def resizes():
    rows = []
    torch.manual_seed(3)
    for (h, w), (nh, nw) in [((5, 7), (8, 9)), ((6, 6), (12, 12)), ((9, 4), (5, 11)), ((8, 8), (3, 5))]:
        x = torch.rand(1, 3, h, w)
        out = {mode: torch.nn.functional.interpolate(x, size=(nh, nw), mode=mode).flatten().tolist()
               for mode in ("nearest-exact", "bilinear", "area", "bicubic")}
        out["bislerp"] = slerp_resize(x[0].double().numpy() - 0.5, nh, nw).flatten().tolist()  # of x - 0.5
        picture = Image.fromarray((x[0].permute(1, 2, 0).numpy() * 255).clip(0, 255).astype(np.uint8))
        # Across first, then down, whatever order this version of Pillow would choose.
        picture = picture.resize((nw, h), Image.LANCZOS).resize((nw, nh), Image.LANCZOS)
        lanczos = np.asarray(picture).transpose(2, 0, 1)
        out["lanczos"] = (lanczos / np.float32(255)).flatten().tolist()
        rows.append({"from": [h, w], "to": [nh, nw], "input": x.flatten().tolist(), "output": out})
    return rows


if __name__ == "__main__":
    target = pathlib.Path(__file__).parent.parent / "nodes/golden/sampling_parts.json"
    parts = {"seed_sequence": seed_sequences(), "brownian": brownian(), "beta_timesteps": beta_timesteps(),
             "resize": resizes()}
    target.write_text(json.dumps(parts, separators=(",", ":")) + "\n")
