"""The model sizes of the reference tests: two scaled-down ones, and Stable Diffusion 1.5's own."""

from dataclasses import dataclass, field


@dataclass
class ModelSize:
    name: str
    unet: dict
    vae: dict
    text: dict
    unet_input: tuple  # [batch, channels, height, width]
    image: tuple
    tokens: int
    timesteps: tuple = (3, 987)
    levels_with_attention: list = field(default_factory=list)


def unet_arguments(channels, attention, **others):
    cross, plain = "CrossAttn", ""
    down = [(cross if a else plain) + "DownBlock2D" for a in attention]
    up = [(cross if a else plain) + "UpBlock2D" for a in reversed(attention)]
    return dict(block_out_channels=channels, down_block_types=down, up_block_types=up, **others)


def vae_arguments(channels, **others):
    levels = len(channels)
    return dict(block_out_channels=channels, down_block_types=["DownEncoderBlock2D"] * levels,
                up_block_types=["UpDecoderBlock2D"] * levels, latent_channels=4, **others)


SMALL = ModelSize(  # an inpainting model, on a size that does not halve evenly
    name="small",
    unet=unet_arguments([32, 64], [True, False], in_channels=9, layers_per_block=2, cross_attention_dim=32,
                        attention_head_dim=4, norm_num_groups=16),
    vae=vae_arguments([16, 32, 32], layers_per_block=1, norm_num_groups=8),
    text=dict(vocab_size=64, hidden_size=32, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
              max_position_embeddings=77, hidden_act="quick_gelu", bos_token_id=62, eos_token_id=63),
    unet_input=(2, 9, 7, 10), image=(1, 3, 24, 32), tokens=77)

MEDIUM = ModelSize(  # four levels as in Stable Diffusion 1, a sixth its width
    name="medium",
    unet=unet_arguments([64, 96, 128, 128], [True, True, True, False], in_channels=4, layers_per_block=1,
                        cross_attention_dim=64, attention_head_dim=8, norm_num_groups=32),
    vae=vae_arguments([32, 64, 96, 96], layers_per_block=2, norm_num_groups=32),
    text=dict(vocab_size=1000, hidden_size=64, intermediate_size=256, num_hidden_layers=3, num_attention_heads=2,
              max_position_embeddings=77, hidden_act="gelu", bos_token_id=998, eos_token_id=999),
    unet_input=(2, 4, 17, 16), image=(1, 3, 64, 48), tokens=77)

FULL = ModelSize(  # Stable Diffusion 1.5
    name="full",
    unet=unet_arguments([320, 640, 1280, 1280], [True, True, True, False], in_channels=4, layers_per_block=2,
                        cross_attention_dim=768, attention_head_dim=8, norm_num_groups=32),
    vae=vae_arguments([128, 256, 512, 512], layers_per_block=2, norm_num_groups=32),
    text=dict(vocab_size=49408, hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
              max_position_embeddings=77, hidden_act="quick_gelu", bos_token_id=49406, eos_token_id=49407),
    unet_input=(2, 4, 64, 64), image=(1, 3, 256, 256), tokens=77)
