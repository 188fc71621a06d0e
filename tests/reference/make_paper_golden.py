"""Writes tests/nodes/golden/paper_*.{txt,safetensors}: the latent diffusion paper's own models, scaled down.

    python tests/reference/make_paper_golden.py

The first list the tensors of a single-file checkpoint, with their shapes; their values follow from their names
(seeded_weights.py). The second hold what diffusers makes of seeded inputs.
"""


import safetensors.torch

from golden_files import GOLDEN, write_text
from paper_networks import (encoder_outputs, encoder_shapes, fill, first_stage_outputs, inputs, ldm_parameters,
                            make_first_stage, make_text_encoder, make_unet, unet_outputs)
from paper_sizes import SMALL



def main() -> None:
    for model in SMALL:
        unet, first_stage, text = make_unet(model), make_first_stage(model), make_text_encoder(model)
        shapes = fill(ldm_parameters(model, unet, first_stage, text)) | encoder_shapes(model)
        lines = [f"{name} {','.join(map(str, shape))}\n" for name, shape in sorted(shapes.items())]
        write_text(f"paper_{model.name}.txt", "".join(lines))
        given = inputs(model)
        result = (unet_outputs(model, unet, given) | first_stage_outputs(first_stage, given)
                  | encoder_outputs(model, text, given))
        kept = {name: given[name] for name in ("text.ids", "labels", "map") if name in given}
        tensors = {name: tensor.contiguous() for name, tensor in result.items()}
        tensors |= {"input." + name: tensor for name, tensor in kept.items()}
        safetensors.torch.save_file(tensors, GOLDEN / f"paper_{model.name}.safetensors")
        print(model.name, {name: tuple(tensor.shape) for name, tensor in tensors.items()})


if __name__ == "__main__":
    main()
