"""Writes tests/nodes/golden/tiny_vae.safetensors: what diffusers' AutoencoderTiny (TAESD) makes of a seeded picture and a seeded
latent, with seeded weights. Its latents are the network's; a test scales them.

    python tests/reference/make_tiny_vae_golden.py
"""

import safetensors.torch
import torch
from diffusers import AutoencoderTiny

from make_network_golden import GOLDEN
from seeded_weights import fill, seeded_normal

WIDTHS = (16,) * 4


@torch.no_grad()
def main() -> None:
    model = AutoencoderTiny(encoder_block_out_channels=WIDTHS, decoder_block_out_channels=WIDTHS).eval()
    fill(model)
    picture = seeded_normal("picture", (1, 3, 24, 16)).tanh()
    latent = 2 * seeded_normal("latent", (1, 4, 3, 2))
    result = {"encoded": model.encode(picture).latents, "decoded": model.decode(latent).sample}
    safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in result.items()},
                                GOLDEN / "tiny_vae.safetensors")
    print({name: tuple(tensor.shape) for name, tensor in result.items()})


if __name__ == "__main__":
    main()
