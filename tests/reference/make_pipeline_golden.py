"""A whole text-to-image with the embedded model, by diffusers and transformers alone: the golden file of
tests/workflows/golden_test.cpp. Run it again whenever the embedded model changes:

    python tests/reference/make_pipeline_golden.py

Eight steps of DDIM at t = 876, 751 ... 1 (ComfyUI's schedule ddim_uniform), guidance 4, float32.
"""

from pathlib import Path

import safetensors.torch
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from transformers import CLIPTextModel, CLIPTokenizer

ROOT = Path(__file__).parent.parent.parent
MODEL = ROOT / "models/checkpoints/paper-cut"
GOLDEN = ROOT / "tests/workflows/golden/text_to_image.safetensors"
TEXT, SEED, STEPS, GUIDANCE = "a red boat on the sea at sunset", 42, 8, 4.0


@torch.no_grad()
def main() -> None:
    unet = UNet2DConditionModel.from_pretrained(MODEL / "unet", torch_dtype=torch.float32)
    vae = AutoencoderKL.from_pretrained(MODEL / "vae", torch_dtype=torch.float32)
    text_encoder = CLIPTextModel.from_pretrained(MODEL / "text_encoder", torch_dtype=torch.float32)
    tokenizer = CLIPTokenizer.from_pretrained(MODEL / "tokenizer")

    ids = tokenizer([TEXT, ""], padding="max_length", max_length=77, return_tensors="pt").input_ids
    positive, negative = text_encoder(ids).last_hidden_state.split(1)
    scheduler = DDIMScheduler(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear",
                              clip_sample=False, set_alpha_to_one=True, steps_offset=1, timestep_spacing="leading")
    scheduler.set_timesteps(STEPS)

    # Weft starts from sigma * noise; in the scale that diffusers' DDIM keeps, that is sqrt(1 - alpha) * noise.
    noise = torch.randn(1, 4, 16, 16, generator=torch.manual_seed(SEED))
    x = noise * (1 - scheduler.alphas_cumprod[scheduler.timesteps[0]]).sqrt()
    for t in scheduler.timesteps:
        with_text, without = unet(torch.cat([x, x]), t, torch.cat([positive, negative])).sample.split(1)
        x = scheduler.step(without + GUIDANCE * (with_text - without), t, x).prev_sample
    image = (vae.decode(x / vae.config.scaling_factor).sample / 2 + 0.5).clamp(0, 1)

    GOLDEN.parent.mkdir(exist_ok=True)
    safetensors.torch.save_file(
        {"tokens": ids, "context": positive.contiguous(), "latent": (x / vae.config.scaling_factor).contiguous(),
         "image": image.permute(0, 2, 3, 1).contiguous().half()}, GOLDEN)
    print(f"wrote {GOLDEN}")


if __name__ == "__main__":
    main()
