"""The families that came after Stable Diffusion 1, at full size: as diffusers and transformers have them, with seeded weights,
one network in memory at a time, and what they make of seeded inputs."""

import gc
import json
from dataclasses import dataclass, field
from pathlib import Path

import safetensors.torch
import torch
from diffusers import UNet2DConditionModel
from diffusers.models.embeddings import get_timestep_embedding
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from family_networks import text_name
from model_sizes import unet_arguments
from seeded_weights import fill, seeded_normal


@dataclass
class FullFamily:
    name: str
    pipeline: str
    unet: dict
    texts: dict  # folder -> (CLIPTextConfig's arguments, has a projection)
    latent: int = 32  # height and width of the latent that is compared
    told: dict = field(default_factory=dict)  # pooled width, count of numbers; or the width of a class embedding


def clip(width, layers, heads, act, **others):
    return dict(vocab_size=49408, hidden_size=width, intermediate_size=4 * width, num_hidden_layers=layers,
                num_attention_heads=heads, max_position_embeddings=77, hidden_act=act, bos_token_id=49406,
                eos_token_id=49407, **others)


def sd2_unet(**others):
    return unet_arguments([320, 640, 1280, 1280], [True, True, True, False], in_channels=others.pop("in_channels", 4),
                          layers_per_block=2, cross_attention_dim=1024, attention_head_dim=[5, 10, 20, 20],
                          norm_num_groups=32, use_linear_projection=True, **others)


def xl_unet(channels, attention, depths, context, width, **others):
    return unet_arguments(channels, attention, in_channels=4, layers_per_block=2, cross_attention_dim=context,
                          attention_head_dim=[c // 64 for c in channels], norm_num_groups=32, use_linear_projection=True,
                          transformer_layers_per_block=depths, addition_embed_type="text_time",
                          addition_time_embed_dim=256, projection_class_embeddings_input_dim=width, **others)


CLIP_L = clip(768, 12, 12, "quick_gelu")
VIT_H = clip(1024, 23, 16, "gelu")
BIG_G = clip(1280, 32, 20, "gelu", projection_dim=1280)
FAMILIES = [
    FullFamily("sd-v2-1", "StableDiffusionPipeline", sd2_unet(), {"text_encoder": (VIT_H, False)}),
    FullFamily("sd-v2-inpainting", "StableDiffusionInpaintPipeline", sd2_unet(in_channels=9), {}),
    FullFamily("sd-v2-1-unclip", "StableUnCLIPImg2ImgPipeline",
               sd2_unet(class_embed_type="projection", projection_class_embeddings_input_dim=2048), {},
               told={"class": 2048}),
    FullFamily("sdxl", "StableDiffusionXLPipeline",
               xl_unet([320, 640, 1280], [False, True, True], [1, 2, 10], 2048, 2816),
               {"text_encoder": (CLIP_L, False), "text_encoder_2": (BIG_G, True)}, told={"pooled": 1280, "numbers": 6}),
    FullFamily("sdxl-refiner", "StableDiffusionXLImg2ImgPipeline",
               xl_unet([384, 768, 1536, 1536], [False, True, True, False], 4, 1280, 2560),
               {"text_encoder_2": (BIG_G, True)}, told={"pooled": 1280, "numbers": 5}),
]


def token_ids() -> torch.Tensor:
    rows = []
    for words in (5, 75):
        ids = [49406] + [(7 * i + 3) % 49405 for i in range(words)] + [49407]
        rows.append(ids + [49407] * (77 - len(ids)))
    return torch.tensor(rows)


def inputs(family: FullFamily) -> dict:
    given = {"unet.x": seeded_normal("input.unet.x", (1, family.unet["in_channels"], family.latent, family.latent)),
             "unet.timesteps": torch.tensor([487]),
             "unet.context": seeded_normal("input.unet.context", (1, 77, family.unet["cross_attention_dim"]))}
    if family.texts:
        given["text.ids"] = token_ids()
    if "class" in family.told:
        given["unet.vector"] = seeded_normal("input.unet.vector", (1, family.told["class"]))
    if "pooled" in family.told:
        pooled = seeded_normal("input.unet.pooled", (1, family.told["pooled"]))
        numbers = torch.tensor([1024., 768., 0., 64., 1000., 900.])[:family.told["numbers"]]
        embedded = get_timestep_embedding(numbers, 256, flip_sin_to_cos=True, downscale_freq_shift=0).reshape(1, -1)
        given["unet.vector"] = torch.cat([pooled, embedded], 1)
    return given


def save(folder: Path, file: str, model, config: dict, rename=str) -> None:
    folder.mkdir(parents=True)
    safetensors.torch.save_file({rename(name): tensor.contiguous() for name, tensor in model.state_dict().items()},
                                folder / file)
    (folder / "config.json").write_text(json.dumps(config))


@torch.no_grad()
def write_and_run(family: FullFamily, folder: Path, given: dict) -> dict:
    """Writes a diffusers folder; returns what its networks give."""
    expected = {}
    unet = UNet2DConditionModel(**family.unet).eval()
    fill(unet, lambda name: name.replace("class_embedding.", "add_embedding."))
    told = {}
    if "class" in family.told:
        told["class_labels"] = given["unet.vector"]
    if "pooled" in family.told:
        numbers = torch.tensor([[1024., 768., 0., 64., 1000., 900.][:family.told["numbers"]]])
        told["added_cond_kwargs"] = {"text_embeds": given["unet.vector"][:, :family.told["pooled"]], "time_ids": numbers}
    expected["unet"] = unet(given["unet.x"], given["unet.timesteps"], given["unet.context"], **told).sample
    save(folder / "unet", "diffusion_pytorch_model.safetensors", unet, family.unet)
    del unet
    gc.collect()
    for part, (arguments, projected) in family.texts.items():
        model = (CLIPTextModelWithProjection if projected else CLIPTextModel)(CLIPTextConfig(**arguments)).eval()
        fill(model, text_name)
        encoded = model(token_ids(), output_hidden_states=True)
        name = {"text_encoder": "text", "text_encoder_2": "text2"}[part]
        if arguments is VIT_H:  # a folder's last layer is the file's last but one, normed
            expected[f"{name}.hidden"] = encoded.last_hidden_state
        else:
            expected[f"{name}.hidden"] = encoded.hidden_states[-2]
            expected[f"{name}.pooled"] = encoded.text_embeds if projected else encoded.pooler_output
        save(folder / part, "model.safetensors", model, arguments, text_name)
        del model
        gc.collect()
    (folder / "model_index.json").write_text(json.dumps({"_class_name": family.pipeline}))
    return expected
