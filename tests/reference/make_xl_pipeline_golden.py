"""Whole text-to-images by diffusers with scaled-down models of Stable Diffusion XL and 2, the golden file of
tests/workflows/families_test.cpp:

    python tests/reference/make_xl_pipeline_golden.py

Four steps of DDIM at t = 751, 501, 251, 1 (ComfyUI's schedule ddim_uniform), guidance 4, float32. Texts are encoded, and sizes
told, by diffusers' own pipeline.
"""

import gzip
from pathlib import Path

import safetensors.torch
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from family_networks import SD2, XL, text_name
from make_tokenizer_golden import letters
from model_sizes import vae_arguments
from seeded_weights import fill

ROOT = Path(__file__).parent.parent.parent
GOLDEN = ROOT / "tests/workflows/golden/families.safetensors"
TEXT, NEGATIVE, SEED, STEPS, GUIDANCE = "a red boat on the sea at sunset", "", 42, 4, 4.0
VAE = vae_arguments([16, 16, 32, 32], layers_per_block=1, norm_num_groups=8)


def clip_tokenizer(pad: str) -> CLIPTokenizer:
    lines = gzip.open(ROOT / ".deps/python/open_clip/bpe_simple_vocab_16e6.txt.gz").read().decode().split("\n")
    merges = [tuple(line.split()) for line in lines[1:49152 - 256 - 2 + 1]]
    pieces = letters() + [letter + "</w>" for letter in letters()] + ["".join(pair) for pair in merges]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, merges=merges, pad_token=pad, model_max_length=77)


def text_encoders(family) -> list:
    models = []
    for arguments, projected, _, _ in family.texts:
        arguments = arguments | dict(vocab_size=49408, bos_token_id=49406, eos_token_id=49407)
        if family is SD2:
            arguments["num_hidden_layers"] -= 1  # as its folders have it
        kind = CLIPTextModelWithProjection if projected else CLIPTextModel
        models.append(kind(CLIPTextConfig(**arguments)).eval())
        fill(models[-1], text_name)
    return models


@torch.no_grad()
def picture(family) -> dict:
    unet, vae = UNet2DConditionModel(**family.unet).eval(), AutoencoderKL(**VAE).eval()
    fill(unet)
    fill(vae)
    scheduler = DDIMScheduler(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
                              clip_sample=False, set_alpha_to_one=True, steps_offset=1, timestep_spacing="leading",
                              prediction_type="v_prediction" if family is SD2 else "epsilon")
    texts = text_encoders(family)
    told = [{}, {}]
    if family is XL:
        pipeline = StableDiffusionXLPipeline(vae, *texts, clip_tokenizer("<|endoftext|>"), clip_tokenizer("!"), unet, scheduler)
        positive, negative, pooled, negative_pooled = pipeline.encode_prompt(
            TEXT, negative_prompt=NEGATIVE, do_classifier_free_guidance=True, device="cpu")
        sizes = torch.tensor([[96., 128., 0., 0., 96., 128.]])
        told = [{"text_embeds": pooled, "time_ids": sizes}, {"text_embeds": negative_pooled, "time_ids": sizes}]
    else:
        pipeline = StableDiffusionPipeline(vae, texts[0], clip_tokenizer("!"), unet, scheduler, None, None, None, False)
        positive, negative = pipeline.encode_prompt(
            TEXT, "cpu", 1, do_classifier_free_guidance=True, negative_prompt=NEGATIVE)

    scheduler.set_timesteps(STEPS)
    noise = torch.randn(1, 4, 12, 16, generator=torch.manual_seed(SEED))
    x = noise * (1 - scheduler.alphas_cumprod[scheduler.timesteps[0]]).sqrt()
    for t in scheduler.timesteps:
        with_text = unet(x, t, positive, added_cond_kwargs=told[0]).sample
        without = unet(x, t, negative, added_cond_kwargs=told[1]).sample
        x = scheduler.step(without + GUIDANCE * (with_text - without), t, x).prev_sample
    scale = 0.13025 if family is XL else 0.18215
    image = (vae.decode(x / scale).sample / 2 + 0.5).clamp(0, 1)
    result = {"context": positive[:, ::7], "latent": x / scale, "image": image.permute(0, 2, 3, 1)[:, ::2, ::2]}  # every other pixel
    if family is XL:
        result["pooled"] = pooled
    return {f"{family.name}.{name}": tensor.contiguous() for name, tensor in result.items()}


if __name__ == "__main__":
    safetensors.torch.save_file(picture(XL) | picture(SD2), GOLDEN)
    print(f"wrote {GOLDEN}")
