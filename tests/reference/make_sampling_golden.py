"""Makes tests/nodes/golden/sampling_parts.json.gz: small parts of sampling as numpy, scipy, torch, torchsde and Pillow
compute them. Run by hand when a part is added: a Python with tests/reference/requirements.txt, a CPU with AVX2.
Names of parts as arguments make those alone and keep the others.
"""

import json
import math
import sys
import zlib

import numpy as np
import scipy.stats
import torch
import torchsde
from PIL import Image

from golden_files import read_text, write_text


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


def normal_draws():
    """Checksums of the bytes of one draw after another from one generator."""
    rows = []
    for seed in (0, 5, 42, 2**40 + 3, 2**64 - 1):
        generator = torch.Generator().manual_seed(seed)
        draws = []
        for count in (1, 2, 15, 3, 16, 17, 60, 7, 4 * 64 * 64, 5, 1000):
            draws.append({"count": count, "crc32": zlib.crc32(torch.randn(count, generator=generator).numpy().tobytes())})
        rows.append({"seed": str(seed), "draws": draws})
    return rows


def rounded_once(function):
    """Of a float32 tensor, computed in float64: torch's float32 functions have other bits on other processors."""
    return lambda x: function(x.double()).float()


def dpmpp_sde(steps=13, cfg=5.5, seed=1234567, shape=(1, 4, 8, 12)):
    """DPM-Solver++ (stochastic) as k-diffusion publishes it, in the exponential schedule, on the toy model of
    tests/nodes/toy_model.h, in float32. The Brownian path is asked at millionths of a sigma: one bit of a middle sigma
    is 1e-3 of the result."""
    log, exp, expm1 = (rounded_once(f) for f in (torch.log, torch.exp, torch.expm1))
    alphas = torch.cumprod(1 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2, 0)
    table = ((1 - alphas) / alphas) ** 0.5
    log_sigmas = table.log().float()
    sigma_min, sigma_max = table[0].float().item(), table[-1].float().item()
    sigmas = exp(torch.linspace(math.log(sigma_max), math.log(sigma_min), steps))
    sigmas = torch.cat([sigmas, torch.zeros(1)])
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))

    def x0(x, sigma):
        timestep = (log(sigma) - log_sigmas).abs().argmin()
        scaled = x / (sigma**2 + 1) ** 0.5

        def side(words):
            return x - (0.9 * scaled + 0.1 * torch.sin(3 * scaled) + 0.05 * words + 0.02 * (timestep / 999)) * sigma

        positive, negative = side(torch.tensor(0.3)), side(torch.tensor(-0.2))
        return negative + (positive - negative) * cfg

    def ancestral(start, end):
        up = min(end, (end**2 * (start**2 - end**2) / start**2) ** 0.5)
        return (end**2 - up**2) ** 0.5, up

    x = noise * torch.sqrt(1 + sigmas[0] ** 2)
    tree = torchsde.BrownianTree(sigmas[-2], torch.zeros(shape), sigmas[0], entropy=seed, tol=1e-6, pool_size=24)

    def path(sigma, to):
        return -tree(to, sigma) / (to - sigma).abs().sqrt()

    for sigma, to in zip(sigmas, sigmas[1:]):
        denoised = x0(x, sigma)
        if to == 0:
            return {"samples": (denoised / 0.18215).flatten().tolist()}  # a latent's scale is not the network's
        lambda_s, lambda_t = -log(sigma), -log(to)
        lambda_m = lambda_s + 0.5 * (lambda_t - lambda_s)
        sigma_m = exp(-lambda_m)
        alpha_s, alpha_m, alpha_t = sigma * exp(lambda_s), sigma_m * exp(lambda_m), to * exp(lambda_t)
        down, up = ancestral(exp(-lambda_s), exp(-lambda_m))
        h = -log(down) - lambda_s
        middle = alpha_m / alpha_s * exp(-h) * x - alpha_m * expm1(-h) * denoised + alpha_m * path(sigma, sigma_m) * up
        down, up = ancestral(exp(-lambda_s), exp(-lambda_t))
        h = -log(down) - lambda_s
        x = alpha_t / alpha_s * exp(-h) * x - alpha_t * expm1(-h) * x0(middle, sigma_m) + alpha_t * path(sigma, to) * up
    raise AssertionError("the last sigma is 0")


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
    target = "sampling_parts.json"
    makers = {"seed_sequence": seed_sequences, "brownian": brownian, "normal_draws": normal_draws,
              "dpmpp_sde": dpmpp_sde, "beta_timesteps": beta_timesteps, "resize": resizes}
    parts = json.loads(read_text(target)) if len(sys.argv) > 1 else {}
    for name in sys.argv[1:] or makers:
        parts[name] = makers[name]()
    write_text(target, json.dumps(parts, separators=(",", ":")) + "\n")
