"""diffusers' and transformers' networks of one ModelSize with seeded weights, and what they make of seeded inputs."""

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from model_sizes import ModelSize
from seeded_weights import canonical_text_name, fill, seeded_normal


def make_unet(size: ModelSize) -> UNet2DConditionModel:
    unet = UNet2DConditionModel(**size.unet).eval()
    fill(unet)
    return unet


def make_vae(size: ModelSize) -> AutoencoderKL:
    vae = AutoencoderKL(**size.vae).eval()
    fill(vae)
    return vae


def make_text_encoder(size: ModelSize) -> CLIPTextModel:
    text = CLIPTextModel(CLIPTextConfig(**size.text)).eval()
    fill(text, canonical_text_name)
    return text


def token_ids(size: ModelSize) -> torch.Tensor:
    """Two prompts of different lengths: start, some words, end, and padding by end tokens."""
    start, end = size.text["bos_token_id"], size.text["eos_token_id"]
    rows = []
    for words in (5, size.tokens - 2):
        ids = [start] + [(7 * i + 3) % (start - 1) for i in range(words)] + [end]
        rows.append(ids + [end] * (size.tokens - len(ids)))
    return torch.tensor(rows)


def inputs(size: ModelSize) -> dict:
    batch = size.unet_input[0]
    height, width = (n // 2 ** (len(size.vae["block_out_channels"]) - 1) for n in size.image[2:])
    return {
        "unet.x": seeded_normal("input.unet.x", size.unet_input),
        "unet.timesteps": torch.tensor(size.timesteps),
        "unet.context": seeded_normal("input.unet.context", (batch, size.tokens, size.text["hidden_size"])),
        "vae.image": seeded_normal("input.vae.image", size.image).clamp(-1, 1),
        "vae.latent": seeded_normal("input.vae.latent", (1, 4, height, width)),
        "text.ids": token_ids(size),
    }


@torch.no_grad()
def outputs(size: ModelSize, unet, vae, text, given: dict) -> dict:
    encoded = text(given["text.ids"], output_hidden_states=True)
    body = getattr(text, "text_model", text)
    return {
        "unet": unet(given["unet.x"], given["unet.timesteps"], given["unet.context"]).sample,
        "vae.moments": vae.encode(given["vae.image"]).latent_dist.parameters,
        "vae.decoded": vae.decode(given["vae.latent"]).sample,
        "text.hidden": encoded.last_hidden_state,
        "text.skip2": body.final_layer_norm(encoded.hidden_states[-2]),
        "text.pooled": encoded.pooler_output,
    }
