"""Writes tests/nodes/golden/upscalers.safetensors: what spandrel's networks make of a seeded picture with seeded weights.

    python tests/reference/make_upscaler_golden.py

"CASE" is the output for an odd-sized picture, of the file whose names the case is called after.
"""

import safetensors.torch
import torch
from spandrel import ModelLoader
from spandrel.architectures.Compact.__arch.SRVGG import SRVGGNetCompact
from spandrel.architectures.ESRGAN.__arch.RRDB import RRDBNet

from make_network_golden import GOLDEN
from seeded_weights import fill, seeded_normal, seeded_weight


def dense_names(blocks: int, doublings: int) -> dict:
    """BasicSR's names of the layers, each with ESRGAN's own."""
    names = {"conv_first": "model.0", "conv_body": f"model.1.sub.{blocks}"}
    for block in range(blocks):
        for third in (1, 2, 3):
            for conv in range(1, 6):
                names[f"body.{block}.rdb{third}.conv{conv}"] = f"model.1.sub.{block}.RDB{third}.conv{conv}.0"
    for i in range(doublings):
        names[f"conv_up{i + 1}"] = f"model.{3 + 3 * i}"
    names["conv_hr"], names["conv_last"] = f"model.{2 + 3 * doublings}", f"model.{4 + 3 * doublings}"
    return names


@torch.no_grad()
def dense(channels: int, doublings: int) -> torch.Tensor:
    shuffle = {3: None, 12: 2}[channels]
    model = RRDBNet(in_nc=channels, out_nc=3, num_filters=16, num_blocks=2, scale=2 ** doublings, shuffle_factor=shuffle)
    theirs = {old: new for new, old in dense_names(2, doublings).items()}
    state = {name: seeded_weight(theirs[name.rpartition(".")[0]] + "." + name.rpartition(".")[2], tensor.shape)
             for name, tensor in model.state_dict().items()}
    loaded = ModelLoader().load_from_state_dict(state)  # spandrel's own detection
    return loaded.model(picture())


@torch.no_grad()
def compact() -> torch.Tensor:
    model = SRVGGNetCompact(num_feat=16, num_conv=3, upscale=2)
    fill(model)
    return ModelLoader().load_from_state_dict(model.state_dict()).model(picture())


def picture() -> torch.Tensor:
    return seeded_normal("picture", (1, 3, 9, 14)).sigmoid()


if __name__ == "__main__":
    result = {"dense_4x": dense(3, 2), "dense_2x": dense(3, 1), "unshuffled_2x": dense(12, 2), "compact_2x": compact()}
    safetensors.torch.save_file({name: tensor.contiguous() for name, tensor in result.items()},
                                GOLDEN / "upscalers.safetensors")
    print({name: tuple(tensor.shape) for name, tensor in result.items()})
