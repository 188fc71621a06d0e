"""Writes tests/workflows/golden/patches.safetensors, for tests/workflows/patches_test.cpp.

    PYTHONPATH=COMFYUI:DYNTHRES python tests/reference/make_patch_golden.py

COMFYUI is a checkout of ComfyUI 0.29 (with comfy-aimdo and comfy-kitchen from PyPI), DYNTHRES one of
mcmonkeyprojects/sd-dynamic-thresholding; DeepCache 0.1.1 is on PyPI. Their nodes patch a small U-Net with seeded weights, which is asked through
ComfyUI's own guidance at two noise levels, one after the other. Of what comes out every 29th number is kept.
"""

import asyncio
import importlib.abc
import importlib.machinery
import sys
from unittest.mock import MagicMock

import safetensors.torch
import torch

from make_network_golden import GOLDEN, unet_ldm_name
from model_sizes import ModelSize, unet_arguments
from seeded_weights import seeded_normal, seeded_weight


class Unneeded(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """What ComfyUI imports for pictures, sound and its server."""

    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in ("av", "aiohttp", "alembic", "sqlalchemy", "kornia", "soundfile", "sentencepiece", "torchaudio"):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__path__, module.__spec__, module.__name__ = [], spec, spec.name
        return module

    def exec_module(self, module):
        pass


sys.meta_path.append(Unneeded())
from comfy.cli_args import args  # noqa: E402

args.cpu = True
import comfy.conds  # noqa: E402
import comfy.model_base  # noqa: E402
import comfy.model_patcher  # noqa: E402
import comfy.samplers  # noqa: E402
import comfy.supported_models  # noqa: E402

SIZE = ModelSize(
    name="patched",
    unet=unet_arguments([32, 64, 128, 128], [True, True, True, False], in_channels=4, layers_per_block=1,
                        cross_attention_dim=64, attention_head_dim=8, norm_num_groups=32),
    vae={}, text={}, unet_input=(), image=(), tokens=7)
SIGMAS = (6.0, 2.5)
SHAPE = (2, 4, 32, 16)


def seeded_model():
    from diffusers import UNet2DConditionModel

    config = dict(image_size=32, in_channels=4, out_channels=4, model_channels=32, num_res_blocks=[1, 1, 1, 1],
                  channel_mult=(1, 2, 4, 4), transformer_depth=[1, 1, 1, 0], transformer_depth_output=[1] * 6 + [0, 0],
                  transformer_depth_middle=1, context_dim=64, use_spatial_transformer=True,
                  use_linear_in_transformer=False, adm_in_channels=None, legacy=False, dtype=torch.float32)
    model = comfy.model_base.BaseModel(comfy.supported_models.SD15(config), comfy.model_base.ModelType.EPS)
    named = UNet2DConditionModel(**SIZE.unet).state_dict()
    weights = {unet_ldm_name(name, SIZE): seeded_weight(name, tensor.shape) for name, tensor in named.items()}
    model.diffusion_model.load_state_dict(weights)
    return model


def conditioning(name):
    return [[seeded_normal(name, (1, SIZE.tokens, 64)), {}]]


def processed(model, entries, x, prompt_type):
    converted = comfy.sampler_helpers.convert_cond(entries)
    return comfy.samplers.encode_model_conds(model.extra_conds, converted, x, x.device, prompt_type)


@torch.no_grad()
def asked(model, patch, cfg, batch=2):
    """x0 at both noise levels."""
    patcher = comfy.model_patcher.ModelPatcher(model, torch.device("cpu"), torch.device("cpu"))
    patched = patch(patcher)
    patched.patch_model()
    model.current_patcher = patched
    torch.manual_seed(0)
    results = []
    for i, sigma in enumerate(SIGMAS):
        x = seeded_normal(f"patched.x{i}", SHAPE)[:batch] * sigma
        positive, negative = (processed(model, conditioning(f"patched.{side}"), x, side) for side in ("positive", "negative"))
        options = comfy.model_patcher.create_model_options_clone(patched.model_options)
        options["transformer_options"]["sigmas"] = torch.full((batch,), sigma)
        results.append(comfy.samplers.sampling_function(model, x, torch.full((batch,), sigma), negative, positive, cfg, options))
    patched.unpatch_model()
    return torch.cat([result.flatten()[::29] for result in results])


# A slow way down, on which neighbouring steps are alike: what is cached from one to the next shows.
TIMESTEPS = tuple(range(900, 100, -50))


def slow_x(i, sigma):
    return seeded_normal("patched.slow", SHAPE) * sigma + 0.5 * seeded_normal("patched.calm", SHAPE)


@torch.no_grad()
def with_comfyuis_cache(model, name, threshold, cfg=6):
    """Every 131st number of x0 at each step, and at how many of them the U-Net was asked."""
    import comfy_extras.nodes_easycache as caches

    asked = [0]

    def count(executor, *arguments, **named):
        asked[0] += 1
        return executor(*arguments, **named)

    patcher = comfy.model_patcher.ModelPatcher(model, torch.device("cpu"), torch.device("cpu"))
    patched = getattr(caches, name + "Node").execute(patcher, threshold, 0.15, 0.95, False)[0]
    patched.add_wrapper_with_key(comfy.patcher_extension.WrappersMP.DIFFUSION_MODEL, "count", count)
    patched.patch_model()
    model.current_patcher = patched
    options = comfy.model_patcher.create_model_options_clone(patched.model_options)
    holder = options["transformer_options"]["easycache"].clone().prepare_timesteps(model.model_sampling)
    options["transformer_options"]["easycache"] = holder
    options["transformer_options"]["wrappers"] = patched.wrappers
    sides = [processed(model, conditioning(f"patched.{side}"), slow_x(0, 1), side) for side in ("positive", "negative")]
    results = []
    for i, t in enumerate(TIMESTEPS):
        sigma = model.model_sampling.sigmas[t].repeat(SHAPE[0])
        x = slow_x(i, sigma[0])
        options["transformer_options"]["sigmas"] = sigma

        def ask(x, sigma, options, seed=None):
            return comfy.samplers.sampling_function(model, x, sigma, sides[1], sides[0], cfg, options)
        found = caches.lazycache_predict_noise_wrapper(ask, x, sigma, options, None) if name == "LazyCache" else ask(
            x, sigma, options)
        results.append(found.flatten()[::131])
    patched.unpatch_model()
    print(name, "asked", asked[0], "skipped", holder.total_steps_skipped)
    return torch.cat(results)


@torch.no_grad()
def with_deep_cache(branch, sigmas):
    """The published DeepCache on diffusers' U-Net."""
    from types import SimpleNamespace

    from DeepCache import DeepCacheSDHelper
    from diffusers import UNet2DConditionModel
    from seeded_weights import fill

    unet = UNet2DConditionModel(**SIZE.unet).eval()
    fill(unet)
    helper = DeepCacheSDHelper(SimpleNamespace(unet=unet, scheduler=SimpleNamespace(timesteps=list(TIMESTEPS))))
    helper.set_params(cache_interval=3, cache_branch_id=branch)
    helper.enable()
    context = conditioning("patched.positive")[0][0].expand(SHAPE[0], -1, -1)
    results = []
    for i, t in enumerate(TIMESTEPS):
        x = slow_x(i, sigmas[t])
        noise = unet(x / (sigmas[t] ** 2 + 1) ** 0.5, torch.tensor(t), context, return_dict=False)[0]
        results.append((x - noise * sigmas[t]).flatten()[::131])
    return torch.cat(results)


def node(module, name):
    found = getattr(__import__(f"comfy_extras.{module}", fromlist=[name]), name)

    def patch(*arguments, **named):
        def apply(patcher):
            result = found.execute(patcher, *arguments, **named) if hasattr(found, "execute") else found().patch(
                patcher, *arguments, **named)
            return result[0] if isinstance(result, (tuple, list)) or hasattr(result, "__getitem__") else result.result[0]
        return apply
    return patch


def cases():
    """name -> (patch, cfg), or with the batch's size"""
    freeu, freeu2 = node("nodes_freelunch", "FreeU"), node("nodes_freelunch", "FreeU_V2")
    shrink = node("nodes_model_downscale", "PatchModelAddDownscale")
    tile = node("nodes_hypertile", "HyperTile")
    apg, norm = node("nodes_apg", "APG"), node("nodes_cfg", "CFGNorm")
    pag, sag = node("nodes_pag", "PerturbedAttentionGuidance"), node("nodes_sag", "SelfAttentionGuidance")
    nag, mahiro = node("nodes_nag", "NAGuidance"), node("nodes_mahiro", "Mahiro")
    found = {
        "plain": (lambda patcher: patcher, 6),
        "freeu": (freeu(1.1, 1.2, 0.9, 0.2), 6),
        "freeu_v2": (freeu2(1.3, 1.4, 0.9, 0.2), 6),
        "rescale_cfg": (node("nodes_model_advanced", "RescaleCFG")(0.7), 6),
        "hypertile": (tile(32, 2, 1, False), 6),
        "hypertile_drawn": (tile(16, 4, 1, True), 6),
        "tome": (node("nodes_tomesd", "TomePatchModel")(0.5), 6),
        "pag": (pag(3.0), 6),
        "pag_cfg1": (pag(3.0), 1),
        "sag": (sag(0.5, 2.0), 6),
        "sag_cfg1": (sag(0.75, 1.0), 1),
        "shrink_after": (shrink(2, 2.0, 0.0, 0.9, True, "bicubic", "bislerp"), 6),
        "shrink_before": (shrink(3, 1.6, 0.0, 1.0, False, "area", "nearest-exact"), 6),
        "perp_neg": (node("nodes_perpneg", "PerpNeg")(conditioning("patched.empty"), 0.8), 6),
        "apg": (apg(0.3, 5.0, 0.0), 6),
        "apg_momentum": (apg(-0.5, 12.0, 0.6), 6),
        "tcfg": (node("nodes_tcfg", "TCFG")(), 6),
        "nag": (nag(5.0, 0.5, 1.5), 6),
        "nag_cfg1": (nag(5.0, 0.25, 2.5), 1),
        "cfg_zero_star": (node("nodes_cfg", "CFGZeroStar")(), 6),
        "cfg_norm": (norm(0.9), 6),
        "cfg_norm_pre": (norm(0.7, True), 6),
        "mahiro": (mahiro(), 6),
        "mahiro_cfg1": (mahiro(), 1),
        "epsilon_scaling": (node("nodes_eps", "EpsilonScaling")(1.05), 6),
        "tsr": (node("nodes_eps", "TemporalScoreRescaling")(0.8, 2.0), 6, 1),  # it fails with more than one
        "fresca": (node("nodes_fresca", "FreSca")(0.8, 1.5, 3), 6),
        "self_attention": (node("nodes_attention_multiply", "UNetSelfAttentionMultiply")(1.2, 0.9, 1.1, 0.8), 6),
        "cross_attention": (node("nodes_attention_multiply", "UNetCrossAttentionMultiply")(1.2, 0.9, 1.1, 0.8), 6),
    }
    import comfy_extras.nodes_post_processing  # noqa: F401  first: the two import each other
    import comfy_extras.nodes_latent as latents

    apply = node("nodes_latent", "LatentApplyOperationCFG")
    for name, operation in {"reinhard": latents.LatentOperationTonemapReinhard.execute(0.8),
                            "sharpen": latents.LatentOperationSharpen.execute(3, 0.7, 0.2)}.items():
        found[name] = (apply(operation[0]), 6)
    from dynthres_comfyui import DynamicThresholdingComfyNode, DynamicThresholdingSimpleComfyNode

    found["thresholding_simple"] = (lambda patcher: DynamicThresholdingSimpleComfyNode().patch(patcher, 3.0, 0.9)[0], 9)
    for name, options in {
            "thresholding_channels": (3.0, 0.95, "Half Cosine Up", 1.0, "Power Down", 2.0, 2.0, "enable", "MEAN", "AD", 0.7),
            "thresholding_zero": (3.0, 0.95, "Linear Repeating", 1.0, "Sawtooth", 2.0, 3.3, "disable", "ZERO", "AD", 1.0),
            "thresholding_std": (3.0, 1.0, "Cosine Repeating", 0.5, "Linear Down", 1.0, 1.5, "enable", "MEAN", "STD", 1.0),
    }.items():
        found[name] = (lambda patcher, o=options: DynamicThresholdingComfyNode().patch(patcher, *o)[0], 9)
    return found


def main() -> None:
    model = seeded_model()
    results = {name: asked(model, *case) for name, case in cases().items()}
    plain = results["plain"]
    caches = {"easy_cache": with_comfyuis_cache(model, "EasyCache", 0.3), "lazy_cache": with_comfyuis_cache(model, "LazyCache", 1.0)}
    caches |= {f"deep_cache{branch}": with_deep_cache(branch, model.model_sampling.sigmas) for branch in (0, 1)}
    for name, result in results.items():
        print(f"{name:24} {(result - plain[:len(result)]).norm() / plain.norm():.4f} {result.isfinite().all()}")
    safetensors.torch.save_file(results | caches, GOLDEN.parent.parent / "workflows/golden/patches.safetensors")


if __name__ == "__main__":
    main()
