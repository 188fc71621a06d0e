"""Writes tests/nodes/golden/upscaler_kinds.safetensors: as make_upscaler_golden.py, for networks of other kinds than ESRGAN's.
spandrel detects each by itself.

    python tests/reference/make_upscaler_kinds_golden.py
"""

import safetensors.torch
import torch
from spandrel import ModelLoader
from spandrel.architectures.DAT.__arch.DAT import DAT
from spandrel.architectures.ESRGAN.__arch.RRDB import RRDBNet
from spandrel.architectures.HAT.__arch.HAT import HAT
from spandrel.architectures.PLKSR.__arch.PLKSR import PLKSR
from spandrel.architectures.PLKSR.__arch.RealPLKSR import RealPLKSR
from spandrel.architectures.SPAN.__arch.span import SPAN
from spandrel.architectures.SwinIR.__arch.SwinIR import SwinIR

from make_network_golden import GOLDEN
from make_upscaler_golden import dense_names
from seeded_weights import fill, seeded_normal, seeded_weight

SWIN = {"embed_dim": 16, "depths": [2, 2], "num_heads": [2, 4], "window_size": 4, "mlp_ratio": 2}
CASES = {
    "swin_ir_2x": (SwinIR, SWIN | {"upscale": 2, "upsampler": "pixelshuffle"}),
    "swin_ir_light_3x": (SwinIR, SWIN | {"upscale": 3, "upsampler": "pixelshuffledirect", "depths": [2], "num_heads": [2]}),
    "swin_ir_real_4x": (SwinIR, SWIN | {"upscale": 4, "upsampler": "nearest+conv", "resi_connection": "3conv"}),
    "swin_ir_jpeg": (SwinIR, SWIN | {"upscale": 1, "upsampler": "", "window_size": 7, "img_range": 255.0, "img_size": 126}),
    "swin_ir_unshuffled_2x": (SwinIR, SWIN | {"upscale": 4, "upsampler": "pixelshuffle", "start_unshuffle": 2}),
    "dat_2x": (DAT, {"embed_dim": 32, "depth": [3, 2], "num_heads": [4, 2], "split_size": [2, 4], "expansion_factor": 2.0}),
    "dat_light_2x": (DAT, {"embed_dim": 32, "depth": [1], "num_heads": [4], "split_size": [4, 4], "expansion_factor": 1.0,
                           "upsampler": "pixelshuffledirect", "resi_connection": "3conv"}),
    "hat_2x": (HAT, {"embed_dim": 16, "depths": [2, 1], "num_heads": [2, 2], "window_size": 4, "compress_ratio": 4,
                     "squeeze_factor": 8, "mlp_ratio": 2.0, "upscale": 2}),
    "span_2x": (SPAN, {"num_in_ch": 3, "num_out_ch": 3, "feature_channels": 8, "upscale": 2}),
    "real_plksr_2x": (RealPLKSR, {"dim": 16, "n_blocks": 2, "kernel_size": 5, "upscaling_factor": 2}),
    "real_plksr_dysample_2x": (RealPLKSR, {"dim": 16, "n_blocks": 1, "kernel_size": 3, "upscaling_factor": 2, "use_ea": False,
                                           "layer_norm": True, "dysample": True}),
    "plksr_2x": (PLKSR, {"dim": 16, "n_blocks": 1, "kernel_size": 5, "upscaling_factor": 2, "ccm_type": "CCM"}),
}


def picture(height: int, width: int) -> torch.Tensor:
    return seeded_normal("small picture", (1, 3, height, width)).sigmoid()


@torch.no_grad()
def made(case: str) -> torch.Tensor:
    kind, options = CASES[case]
    model = kind(**options).eval()
    fill(model)
    for name, buffer in model.named_buffers():
        if "running_" in name or "init_pos" in name:
            values = seeded_weight(name, buffer.shape)
            buffer.copy_(values.abs() + 0.5 if "running_var" in name else values)
    state = model.state_dict()
    if case == "swin_ir_unshuffled_2x":
        state = {name.replace("conv_first.", "conv_first.1."): tensor for name, tensor in state.items()}
    loaded = ModelLoader().load_from_state_dict(dict(state))
    assert type(loaded.model) is kind, case
    return loaded.model.eval()(picture(*((8, 16) if "unshuffled" in case else (5, 7))))


@torch.no_grad()
def plus() -> torch.Tensor:
    model = RRDBNet(in_nc=3, out_nc=3, num_filters=16, num_blocks=1, scale=2, plus=True)
    names = dense_names(1, 1) | {f"body.0.rdb{i}.conv1x1": f"model.1.sub.0.RDB{i}.conv1x1" for i in (1, 2, 3)}
    theirs = {old: new for new, old in names.items()}
    state = {name: seeded_weight(theirs[name.rpartition(".")[0]] + "." + name.rpartition(".")[2], tensor.shape)
             for name, tensor in model.state_dict().items()}
    return ModelLoader().load_from_state_dict(state).model(picture(5, 7))


if __name__ == "__main__":
    result = {case: made(case) for case in CASES} | {"plus_2x": plus()}
    safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in result.items()},
                                GOLDEN / "upscaler_kinds.safetensors")
    print({name: (tuple(tensor.shape), round(tensor.std().item(), 3)) for name, tensor in result.items()})
