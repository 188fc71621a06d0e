"""The latent diffusion paper's own models (Rombach et al. 2022) and Stable Diffusion's for inpainting: as published, and
scaled down for the committed golden files. Arguments are those of diffusers' classes; CompVis' configuration files say the same in other words."""

from dataclasses import dataclass, field

from model_sizes import FULL as STABLE_DIFFUSION
from model_sizes import unet_arguments


@dataclass
class PaperModel:
    name: str
    unet: dict            # of UNet2DConditionModel, or of UNet2DModel where it has no cross_attention_dim
    first_stage: dict     # of VQModel, or of AutoencoderKL where it has no num_vq_embeddings
    latent: tuple         # [batch, channels, height, width]
    image: tuple
    classes: int = 0      # of the class embedder
    map_classes: int = 0  # of the spatial rescaler
    legacy_heads: int = 0  # of attention without a context
    bert: dict = field(default_factory=dict)  # of LDMBertConfig
    clip: dict = field(default_factory=dict)  # of CLIPTextConfig
    metadata: dict = field(default_factory=dict)
    timesteps: tuple = (3, 987)

    @property
    def context_dim(self) -> int:
        return self.unet.get("cross_attention_dim", 0)


def pixel_unet(channels, **others):
    return dict(block_out_channels=channels, down_block_types=["DownBlock2D"] * len(channels),
                up_block_types=["UpBlock2D"] * len(channels), norm_num_groups=32, **others)


def vq(channels, attention, **others):
    """`attention`: a level, whether its residual blocks are each followed by attention (VQ-f8's deepest level has it)."""
    down = ["AttnDownEncoderBlock2D" if a else "DownEncoderBlock2D" for a in attention]
    up = ["AttnUpDecoderBlock2D" if a else "UpDecoderBlock2D" for a in reversed(attention)]
    return dict(block_out_channels=channels, down_block_types=down, up_block_types=up, latent_channels=3, vq_embed_dim=3,
                norm_num_groups=32, **others)


def kl(channels, **others):
    return dict(block_out_channels=channels, down_block_types=["DownEncoderBlock2D"] * len(channels),
                up_block_types=["UpDecoderBlock2D"] * len(channels), latent_channels=4, norm_num_groups=32, **others)


VQ_F4 = vq([128, 256, 512], [False] * 3, layers_per_block=2, num_vq_embeddings=8192)
KL_F8 = kl([128, 256, 512, 512], layers_per_block=2)

FULL = [
    PaperModel("cin256-v2", classes=1001,
               unet=unet_arguments([192, 384, 576, 960], [False, True, True, True], in_channels=3, out_channels=3,
                                   layers_per_block=2, cross_attention_dim=512, attention_head_dim=1),
               first_stage=VQ_F4, latent=(2, 3, 64, 64), image=(1, 3, 256, 256)),
    PaperModel("semantic_synthesis256", map_classes=182, legacy_heads=8,
               unet=pixel_unet([128, 512, 1024], in_channels=6, out_channels=3, layers_per_block=2),
               first_stage=VQ_F4, latent=(2, 6, 64, 64), image=(1, 3, 256, 256)),
    PaperModel("txt2img-f8-large",
               unet=unet_arguments([320, 640, 1280, 1280], [True, True, True, False], in_channels=4, layers_per_block=2,
                                   cross_attention_dim=1280, attention_head_dim=8),
               first_stage=KL_F8, latent=(2, 4, 32, 32), image=(1, 3, 256, 256),
               bert=dict(vocab_size=30522, d_model=1280, encoder_layers=32, encoder_attention_heads=8, head_dim=64,
                         encoder_ffn_dim=5120)),
    PaperModel("sd-v1-5-inpainting",
               unet=unet_arguments([320, 640, 1280, 1280], [True, True, True, False], in_channels=9, layers_per_block=2,
                                   cross_attention_dim=768, attention_head_dim=8),
               first_stage=KL_F8, latent=(2, 9, 64, 64), image=(1, 3, 256, 256), clip=STABLE_DIFFUSION.text),
]

SMALL = [
    PaperModel("cin", classes=11,
               unet=unet_arguments([32, 64, 96, 160], [False, True, True, True], in_channels=3, out_channels=3,
                                   layers_per_block=1, cross_attention_dim=48, attention_head_dim=1),
               first_stage=vq([32, 64, 128], [False] * 3, layers_per_block=1, num_vq_embeddings=96),
               latent=(2, 3, 16, 24), image=(1, 3, 48, 32), metadata={"weft.unet.heads": "1"}),
    PaperModel("semantic", map_classes=14, legacy_heads=8,
               unet=pixel_unet([32, 64, 128], in_channels=6, out_channels=3, layers_per_block=2),
               first_stage=vq([32, 64, 64], [False, False, True], layers_per_block=2, num_vq_embeddings=64),
               latent=(2, 6, 12, 8), image=(1, 3, 32, 48)),
    PaperModel("txt2img",
               unet=unet_arguments([32, 64, 64], [True, True, False], in_channels=4, layers_per_block=1,
                                   cross_attention_dim=64, attention_head_dim=4),
               first_stage=kl([32, 32, 64, 64], layers_per_block=1), latent=(2, 4, 8, 8), image=(1, 3, 32, 32),
               bert=dict(vocab_size=150, d_model=64, encoder_layers=2, encoder_attention_heads=2, head_dim=16,
                         encoder_ffn_dim=256),
               metadata={"weft.unet.heads": "4", "weft.text.heads": "2"}),
]
