"""The networks of one PaperModel by diffusers (what it does not have, in plain torch), with weights that are a function of
their names in CompVis' single-file layout; and what they make of seeded inputs."""

import json
import struct

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel, UNet2DModel, VQModel
from transformers import CLIPTextConfig, CLIPTextModel
from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import LDMBertConfig, LDMBertModel

from make_network_golden import VAE_ATTENTION, unet_ldm_name, vae_ldm_name
from model_sizes import ModelSize
from paper_sizes import PaperModel
from seeded_weights import canonical_text_name, seeded_normal, seeded_weight


class LegacyAttention(torch.nn.Module):
    """Attention over pixels with queries, keys and values in one convolution, head after head: each head's three are
    neighbours ("legacy" in Dhariwal & Nichol 2021's code, which latent diffusion took over)."""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm = torch.nn.GroupNorm(32, channels, eps=1e-5)
        self.qkv = torch.nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = torch.nn.Conv1d(channels, channels, 1)

    def forward(self, x, **_):
        batch, channels, height, width = x.shape
        flat = x.reshape(batch, channels, height * width)
        heads = []
        for one in self.qkv(self.norm(flat)).chunk(self.heads, dim=1):
            q, k, v = one.chunk(3, dim=1)  # [batch, channels / heads, pixels]
            weights = (q.transpose(1, 2) @ k / q.shape[1] ** 0.5).softmax(-1)
            heads.append(v @ weights.transpose(1, 2))
        return x + self.proj_out(torch.cat(heads, dim=1)).reshape(x.shape)


def make_unet(model: PaperModel):
    if model.context_dim:
        return UNet2DConditionModel(**model.unet).eval()
    unet = UNet2DModel(**model.unet).eval()
    unet.mid_block.attentions[0] = LegacyAttention(model.unet["block_out_channels"][-1], model.legacy_heads)
    return unet


def make_first_stage(model: PaperModel):
    kind = VQModel if "num_vq_embeddings" in model.first_stage else AutoencoderKL
    return kind(**model.first_stage).eval()


def make_text_encoder(model: PaperModel):
    if model.bert:
        return LDMBertModel(LDMBertConfig(**model.bert)).eval()
    return CLIPTextModel(CLIPTextConfig(**model.clip)).eval() if model.clip else None


def first_stage_ldm_name(name: str, model: PaperModel) -> str:
    size = ModelSize(name="", unet={}, vae=model.first_stage, text={}, unet_input=(), image=(), tokens=0)
    if ".attentions." not in name or "mid_block" in name:
        return vae_ldm_name(name, size)
    half, _, level, _, index, rest = name.split(".", 5)
    for new, old in VAE_ATTENTION.items():
        rest = rest.replace(new + ".", old + ".")
    levels = len(model.first_stage["block_out_channels"])
    return f"{half}.down.{level}.attn.{index}.{rest}" if half == "encoder" else \
        f"{half}.up.{levels - 1 - int(level)}.attn.{index}.{rest}"


def bert_ldm_name(name: str) -> str | None:
    name = name.removeprefix("model.")
    for new, old in {"embed_tokens": "token_emb", "embed_positions": "pos_emb.emb", "layer_norm": "norm"}.items():
        if name.startswith(new + "."):
            return old + name[len(new):]
    if not name.startswith("layers."):
        return None  # to_logits
    _, layer, rest = name.split(".", 2)
    places = {"self_attn_layer_norm": (0, "0"), "self_attn.q_proj": (0, "1.to_q"), "self_attn.k_proj": (0, "1.to_k"),
              "self_attn.v_proj": (0, "1.to_v"), "self_attn.out_proj": (0, "1.to_out"), "final_layer_norm": (1, "0"),
              "fc1": (1, "1.net.0.0"), "fc2": (1, "1.net.2")}
    new, (odd, old) = next((n, p) for n, p in places.items() if rest.startswith(n + "."))
    return f"attn_layers.layers.{2 * int(layer) + odd}.{old}{rest[len(new):]}"


def ldm_parameters(model: PaperModel, unet=None, first_stage=None, text=None) -> dict:
    """Name in the file -> (shape in the file, parameter)."""
    size = ModelSize(name="", unet=model.unet, vae={}, text={}, unet_input=(), image=(), tokens=0)
    result = {}
    for name, p in unet.named_parameters() if unet else ():
        result["model.diffusion_model." + unet_ldm_name(name, size)] = (p.shape, p)
    for name, p in first_stage.named_parameters() if first_stage else ():
        old = "first_stage_model." + first_stage_ldm_name(name, model)
        is_conv = (".attn_1." in old or ".attn." in old) and p.dim() == 2
        result[old] = ((*p.shape, 1, 1) if is_conv else p.shape, p)
    for name, p in text.named_parameters() if text else ():
        if old := bert_ldm_name(name) if model.bert else canonical_text_name(name):
            result["cond_stage_model.transformer." + old] = (p.shape, p)
    return result


def encoder_shapes(model: PaperModel) -> dict:
    """Of what stands in for a text encoder."""
    shapes = {}
    if model.classes:
        shapes["cond_stage_model.embedding.weight"] = (model.classes, model.context_dim)
    if model.map_classes:
        extra = model.unet["in_channels"] - model.unet["out_channels"]
        shapes["cond_stage_model.channel_mapper.weight"] = (extra, model.map_classes, 1, 1)
    return shapes


@torch.no_grad()
def fill(parameters: dict) -> dict:
    """Gives each parameter its seeded values; returns the shapes in the file."""
    for name, (shape, parameter) in parameters.items():
        parameter.copy_(seeded_weight(name, shape).reshape(parameter.shape))
    return {name: tuple(shape) for name, (shape, _) in parameters.items()}


def write_checkpoint(path, shapes: dict, metadata: dict) -> None:
    """A .safetensors file of seeded weights, made and written one by one: models of any size."""
    header, offset = {"__metadata__": metadata} if metadata else {}, 0
    for name, shape in shapes.items():
        end = offset + 4 * int(torch.Size(shape).numel())
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in shapes.items():
            file.write(seeded_weight(name, shape).contiguous().numpy().tobytes())


def inputs(model: PaperModel) -> dict:
    levels = len(model.first_stage["block_out_channels"])
    height, width = (n >> (levels - 1) for n in model.image[2:])
    given = {"unet.x": seeded_normal("input.unet.x", model.latent),
             "unet.timesteps": torch.tensor(model.timesteps),
             "vae.image": seeded_normal("input.vae.image", model.image).clamp(-1, 1),
             "vae.latent": seeded_normal("input.vae.latent",
                                         (1, model.first_stage["latent_channels"], height, width))}
    batch = model.latent[0]
    given["unet.context"] = seeded_normal("input.unet.context", (batch, 1 if model.classes else 77,
                                                                 max(model.context_dim, 1)))
    if model.bert or model.clip:
        vocab = (model.bert or model.clip)["vocab_size"]
        given["text.ids"] = torch.tensor([[(7 * i + 3 * row) % vocab for i in range(77)] for row in range(2)])
    if model.classes:
        given["labels"] = torch.tensor([3, model.classes - 1])
    if model.map_classes:
        shape = (1, model.map_classes, *model.image[2:])
        given["map"] = torch.nn.functional.one_hot(seeded_normal("input.map", shape).argmax(1),
                                                   model.map_classes).permute(0, 3, 1, 2).float().contiguous()
    return given


@torch.no_grad()
def unet_outputs(model: PaperModel, unet, given: dict) -> dict:
    context = (given["unet.context"],) if model.context_dim else ()
    return {"unet": unet(given["unet.x"], given["unet.timesteps"], *context).sample}


@torch.no_grad()
def first_stage_outputs(first_stage, given: dict) -> dict:
    if isinstance(first_stage, AutoencoderKL):
        return {"vae.moments": first_stage.encode(given["vae.image"]).latent_dist.parameters,
                "vae.decoded": first_stage.decode(given["vae.latent"]).sample}
    return {"vae.moments": first_stage.encode(given["vae.image"]).latents,
            "vae.codes": first_stage.quantize(given["vae.latent"])[2][2].reshape(1, *given["vae.latent"].shape[2:]),
            "vae.decoded": first_stage.decode(given["vae.latent"]).sample}


@torch.no_grad()
def encoder_outputs(model: PaperModel, text, given: dict) -> dict:
    result = {}
    if text:
        body = text.model if model.bert else text
        result["text.hidden"] = body(given["text.ids"], return_dict=True, output_attentions=False,
                                     output_hidden_states=False).last_hidden_state
    for name, shape in encoder_shapes(model).items():
        table = seeded_weight(name, shape)
        if model.classes:  # a row of a table, as a context of one token
            result["labels"] = torch.stack([table[int(label)] for label in given["labels"]])[:, None]
        else:  # means of 2x2 pixels, which is what halving by bilinear interpolation is, twice; then classes are mixed
            small = given["map"]
            for _ in range(len(model.first_stage["block_out_channels"]) - 1):
                small = (small[..., ::2, ::2] + small[..., 1::2, ::2] + small[..., ::2, 1::2] + small[..., 1::2, 1::2]) / 4
            result["map"] = torch.einsum("oi,bihw->bohw", table[:, :, 0, 0], small)
    return result
