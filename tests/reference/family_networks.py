"""Scaled-down models of the families that came after Stable Diffusion 1: as diffusers and transformers have them, with
seeded weights, and what they make of seeded inputs (of hidden states every seventh token)."""

from dataclasses import dataclass

import torch
from diffusers import UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from model_sizes import unet_arguments
from seeded_weights import canonical_text_name, fill, seeded_normal


@dataclass
class Family:
    name: str
    unet: dict
    texts: list  # [(CLIPTextConfig's arguments, has a projection, prefix in a single file, OpenCLIP's names)]
    vector: int = 0  # width of what the U-Net is told beside the context: the pooled encoding and numbers


def text(width, heads, act, **others):
    return dict(vocab_size=1000, hidden_size=width, intermediate_size=2 * width, num_hidden_layers=3,
                num_attention_heads=heads, max_position_embeddings=77, hidden_act=act, bos_token_id=998, eos_token_id=999,
                **others)


def xl_unet(channels, attention, depths, context, numbers, **others):
    return unet_arguments(channels, attention, in_channels=4, layers_per_block=others.pop("layers_per_block", 2),
                          cross_attention_dim=context, attention_head_dim=[c // 64 for c in channels], norm_num_groups=32,
                          use_linear_projection=True, transformer_layers_per_block=depths,
                          addition_embed_type="text_time", addition_time_embed_dim=8,
                          projection_class_embeddings_input_dim=96 + 8 * numbers, **others)


CLIP_L, OPEN_CLIP = text(64, 1, "quick_gelu"), text(128, 2, "gelu", projection_dim=96)

SD2 = Family("sd2", unet_arguments([64, 128], [True, False], in_channels=4, layers_per_block=1, cross_attention_dim=128,
                                   attention_head_dim=[1, 2], norm_num_groups=32, use_linear_projection=True),
             [(text(128, 2, "gelu"), False, "cond_stage_model.model.", True)])
XL = Family("xl", xl_unet([64, 128, 128], [False, True, True], [1, 1, 2], 192, 6),
            [(CLIP_L, False, "conditioner.embedders.0.transformer.", False),
             (OPEN_CLIP, True, "conditioner.embedders.1.model.", True)], vector=96 + 48)
REFINER = Family("refiner", xl_unet([64, 128, 128, 128], [False, True, True, False], 2, 128, 5),
                 [(OPEN_CLIP, True, "conditioner.embedders.0.model.", True)], vector=96 + 40)
# As SSD-1B: layers of a level differ on the way up, and nothing attends in the middle.
SSD = Family("ssd", xl_unet([64, 128, 128], [False, True, True], [0, 1, 2], 192, 6,
                            reverse_transformer_layers_per_block=[[2, 2, 3], [2, 1, 1], 1],
                            mid_block_type="UNetMidBlock2D"), XL.texts, vector=96 + 48)
FAMILIES = (SD2, XL, REFINER, SSD)


def make(family: Family) -> tuple:
    unet = UNet2DConditionModel(**family.unet).eval()
    fill(unet)
    texts = []
    for arguments, projected, _, _ in family.texts:
        kind = CLIPTextModelWithProjection if projected else CLIPTextModel
        model = kind(CLIPTextConfig(**arguments)).eval()
        fill(model, text_name)
        texts.append(model)
    return unet, texts


def text_name(name: str) -> str:
    return name if name.startswith("text_projection") else canonical_text_name(name)


def token_ids() -> torch.Tensor:
    """Two prompts of different lengths, padded with the end mark."""
    rows = []
    for words in (5, 75):
        ids = [998] + [(7 * i + 3) % 997 for i in range(words)] + [999]
        rows.append(ids + [999] * (77 - len(ids)))
    return torch.tensor(rows)


def inputs(family: Family) -> dict:
    height = 4 * 2 ** (len(family.unet["block_out_channels"]) - 1)
    x = seeded_normal("input.unet.x", (2, family.unet["in_channels"], height, height + 3))
    context = seeded_normal("input.unet.context", (2, 77, family.unet["cross_attention_dim"]))
    pooled = seeded_normal("input.unet.pooled", (2, 96))
    numbers = torch.tensor([[1024., 768., 0., 64., 1000., 900.], [512., 640., 8., 0., 512., 6.]])
    told = {}
    if family.vector:
        told = {"text_embeds": pooled, "time_ids": numbers[:, :(family.vector - 96) // 8]}
    return {"x": x, "t": torch.tensor([3, 987]), "context": context, "told": told}


@torch.no_grad()
def outputs(family: Family, unet, texts) -> dict:
    call = inputs(family)
    result = {"unet": unet(call["x"], call["t"], call["context"], added_cond_kwargs=call["told"]).sample}
    for i, model in enumerate(texts):
        encoded = model(token_ids(), output_hidden_states=True)
        if family.name == "sd2":  # the folder lacks the last layer, so its last is the last but one of the file
            body = getattr(model, "text_model", model)
            result[f"text{i}.hidden"] = body.final_layer_norm(encoded.hidden_states[-2])[:, ::7]
        else:
            result[f"text{i}.hidden"] = encoded.hidden_states[-2][:, ::7]
            result[f"text{i}.pooled"] = encoded.text_embeds if hasattr(encoded, "text_embeds") else encoded.pooler_output
    return result


def control_net(family: Family):
    """A ControlNet for the family's U-Net."""
    from diffusers import ControlNetModel

    arguments = {key: value for key, value in family.unet.items() if key not in ("up_block_types", "reverse_transformer_layers_per_block")}
    if "Cross" in "".join(arguments["down_block_types"]):
        arguments["mid_block_type"] = "UNetMidBlock2DCrossAttn"
    model = ControlNetModel(**arguments, conditioning_embedding_out_channels=(16, 32, 48, 64)).eval()
    fill(model)
    return model
