"""Writes tests/workflows/golden/comfyui_nodes.json and .safetensors: what ComfyUI's own picture, mask and latent nodes make
of seeded values.

    python tests/reference/make_comfyui_node_golden.py COMFYUI

COMFYUI: a folder with ComfyUI's source (0.29.0, commit 4f874c5e). What of its dependencies is not installed and not needed
for arithmetic (video, server) is replaced by a stand-in. kornia decides what Canny, Morphology and YUV mean.

Each case is a class and its inputs as the API format has them; a text "image:NAME:1x6x7x3" stands for a picture
(normal noise through a sigmoid), and so with mask and latent (the noise itself); the picture "levels" has the values 0, 128,
255 and 128 in turn. "operation:CLASS:1:0.5" is what a class makes of these values, in their order. Each case ends with the shapes of its outputs, whose values follow
one another in "floats", or, where they are 255ths, in "bytes" ("u" before the shape).
"""

import importlib.abc
import importlib.machinery
import inspect
import json
import math
import sys
from unittest.mock import MagicMock

import safetensors.torch
import torch

from make_network_golden import GOLDEN
from seeded_weights import seeded_normal

NOT_NEEDED = {"av", "aiohttp", "sqlalchemy", "server", "alembic", "comfy_aimdo", "comfy_kitchen", "simpleeval", "torchaudio"}
MODULES = ["images", "mask", "post_processing", "latent", "canny", "morphology", "compositing"]


class StandIns(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in NOT_NEEDED:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = MagicMock(name=spec.name)
        module.__spec__, module.__path__, module.__name__ = spec, [], spec.name
        return module

    def exec_module(self, module):
        pass


def load_classes(folder: str) -> dict:
    sys.path.insert(0, folder)
    sys.meta_path.insert(0, StandIns())
    import comfy.options
    comfy.options.enable_args_parsing()
    sys.argv = ["main.py", "--cpu"]
    import nodes
    classes = dict(nodes.NODE_CLASS_MAPPINGS)
    for name in MODULES:
        module = importlib.import_module("comfy_extras.nodes_" + name)
        for _, cls in inspect.getmembers(module, inspect.isclass):
            if hasattr(cls, "define_schema") and cls.__module__ == module.__name__:
                classes[cls.define_schema().node_id] = cls
    return classes


def seeded(kind: str, name: str, shape) -> str:
    return f"{kind}:{name}:{'x'.join(map(str, shape))}"


def image(name="picture", shape=(2, 5, 6, 3)):
    return seeded("image", name, shape)


def mask(name="mask", shape=(1, 5, 6)):
    return seeded("mask", name, shape)


def latent(name="latent", shape=(1, 2, 8, 7)):
    return seeded("latent", name, shape)


ONE = image(shape=(1, 5, 6, 3))
OTHER = image("other", (1, 4, 3, 3))
SMALL = latent("small", (1, 2, 5, 4))


def cases() -> list:
    """(class, inputs); dotted names of a choice stand in one dict for ComfyUI's function, see called()."""
    resize = [("scale dimensions", {"width": 6, "height": 0, "crop": "disabled"}),
              ("scale dimensions", {"width": 6, "height": 8, "crop": "center"}), ("scale by multiplier", {"multiplier": 0.5}),
              ("scale longer dimension", {"longer_size": 7}), ("scale shorter dimension", {"shorter_size": 5}),
              ("scale width", {"width": 5}), ("scale height", {"height": 4}), ("scale total pixels", {"megapixels": 0.00004}),
              ("match size", {"match": OTHER, "crop": "center"}), ("scale to multiple", {"multiple": 4})]
    return [
        ("ImagePadForOutpaint", dict(image=ONE, left=3, top=0, right=0, bottom=2, feathering=2)),
        ("ImageInvert", dict(image=ONE)),
        *[("ImageBlend", dict(image1=ONE, image2=OTHER, blend_factor=0.7, blend_mode=mode))
          for mode in ("normal", "multiply", "screen", "overlay", "soft_light", "difference")],
        ("ImageBlur", dict(image=ONE, blur_radius=2, sigma=0.6)),
        ("ImageSharpen", dict(image=ONE, sharpen_radius=2, sigma=1.0, alpha=0.1)),
        ("Canny", dict(image=image("edges", (2, 24, 30, 3)), low_threshold=0.15, high_threshold=0.4)),
        ("ImageCrop", dict(image=ONE, width=5, height=20, x=3, y=4)),
        ("ImageCropV2", dict(image=ONE, crop_region={"x": 2, "y": 1, "width": 4, "height": 3})),
        *[("ImageStitch", dict(image1=image(shape=(2, 4, 3, 3)), image2=OTHER, direction=direction, match_image_size=match,
                               spacing_width=gap, spacing_color=color))
          for direction, match, gap, color in [("right", True, 3, "red"), ("up", True, 0, "white"), ("left", False, 2, "white"),
                                               ("down", False, 0, "blue")]],
        ("ImageFlip", dict(image=OTHER, flip_method="x-axis: vertically")),
        ("ImageFlip", dict(image=OTHER, flip_method="y-axis: horizontally")),
        *[("ImageRotate", dict(image=OTHER, rotation=rotation)) for rotation in ("none", "90 degrees", "180 degrees", "270 degrees")],
        ("ImageFromBatch", dict(image=image(shape=(4, 2, 3, 3)), batch_index=-3, length=2)),
        ("ImageFromBatch", dict(image=image(shape=(4, 2, 3, 3)), batch_index=9, length=5)),
        ("RepeatImageBatch", dict(image=image(shape=(2, 2, 3, 3)), amount=3)),
        ("ImageBatch", dict(image1=image(shape=(1, 2, 3, 3)), image2=OTHER)),
        ("BatchImagesNode", {"images.image0": image(shape=(1, 2, 3, 3)), "images.image1": OTHER,
                             **{f"images.image{i}": image(f"many{i}", (1, 2, 3, 3)) for i in range(2, 12)}}),
        *[("ImageScaleToTotalPixels", dict(image=ONE, upscale_method="bilinear", megapixels=0.00006, resolution_steps=steps))
          for steps in (1, 3)],
        *[("ImageScaleToMaxDimension", dict(image=ONE, upscale_method=method, largest_size=7)) for method in ("area", "lanczos")],
        ("ResizeAndPadImage", dict(image=ONE, target_width=9, target_height=10, padding_color="white", interpolation="bicubic")),
        *[("ResizeImageMaskNode", {"input": ONE, "resize_type": kind, "scale_method": "area",
                                   **{"resize_type." + name: value for name, value in more.items()}}) for kind, more in resize],
        *[("ImageCompositeMasked", dict(destination=image(shape=(2, 6, 5, 3)), source=OTHER, x=2, y=3, resize_source=resize,
                                        mask=mask(shape=(1, 5, 5)))) for resize in (False, True)],
        *[("PorterDuffImageComposite", dict(source=image("source", (1, 2, 3, 3)), source_alpha=mask("a", (1, 2, 3)),
                                            destination=image("destination", (1, 2, 3, 3)),
                                            destination_alpha=mask("b", (1, 2, 3)), mode=mode))
          for mode in ("ADD", "CLEAR", "DARKEN", "DST", "DST_ATOP", "DST_IN", "DST_OUT", "DST_OVER", "LIGHTEN", "MULTIPLY",
                       "OVERLAY", "SCREEN", "SRC", "SRC_ATOP", "SRC_IN", "SRC_OUT", "SRC_OVER", "XOR")],
        ("PorterDuffImageComposite", dict(source=OTHER, source_alpha=mask("a", (2, 4, 3)), destination=image(shape=(2, 5, 6, 3)),
                                          destination_alpha=mask("b", (2, 6, 6)), mode="SRC_OVER")),
        ("EmptyImage", dict(width=3, height=2, batch_size=2, color=0x12ff80)),
        ("ImageAddNoise", dict(image=OTHER, seed=7, strength=0.3)),
        *[("Morphology", dict(image=OTHER, operation=operation, kernel_size=size)) for operation, size in
          [("erode", 3), ("dilate", 3), ("open", 3), ("close", 3), ("gradient", 4), ("bottom_hat", 3), ("top_hat", 4)]],
        *[("ImageQuantize", dict(image=image("colours", (1, 9, 10, 3)), colors=colors, dither=dither))
          for colors, dither in [(6, "none"), (5, "floyd-steinberg"), (9, "bayer-2"), (4, "bayer-16")]],
        ("SplitImageToTileList", dict(image=ONE, tile_width=4, tile_height=2, overlap=1)),
        ("ImageMergeTileList", dict(image_list=image("tiles", (8, 2, 4, 3)), final_width=6, final_height=5, overlap=1)),
        *[("ColorTransfer", {"image_target": image(shape=(2, 3, 4, 3)), "image_ref": image("reference", (count, 4, 3, 3)),
                             "method": method, "source_stats": stats, "strength": strength,
                             **({"source_stats.target_index": 1} if stats == "target_frame" else {})})
          for method, stats, strength, count in [("reinhard_lab", "per_frame", 1.0, 1), ("reinhard_lab", "uniform", 0.7, 2),
                                                 ("mkl_lab", "per_frame", 1.0, 2), ("mkl_lab", "target_frame", 0.5, 1),
                                                 ("histogram", "per_frame", 1.0, 2), ("histogram", "uniform", 0.6, 1)]],
        ("ImageRGBToYUV", dict(image=OTHER)),
        ("ImageYUVToRGB", dict(Y=OTHER, U=image("u", (1, 4, 3, 3)), V=image("v", (1, 4, 3, 3)))),
        ("MaskToImage", dict(mask=mask())),
        *[("ImageToMask", dict(image=OTHER, channel=channel)) for channel in ("red", "green", "blue")],
        ("ImageColorToMask", dict(image=image("levels", (1, 2, 4, 3)), color=0x0080ff)),
        ("SolidMask", dict(value=0.3, width=3, height=2)),
        ("InvertMask", dict(mask=mask())),
        ("CropMask", dict(mask=mask(), x=3, y=2, width=3, height=20)),
        *[("MaskComposite", dict(destination=mask(), source=mask("above", (1, 4, 4)), x=4, y=2, operation=operation))
          for operation in ("multiply", "add", "subtract", "and", "or", "xor")],
        ("FeatherMask", dict(mask=mask(), left=4, top=2, right=20, bottom=3)),
        *[("GrowMask", dict(mask=mask(shape=(2, 7, 8)), expand=expand, tapered_corners=tapered))
          for expand, tapered in ((2, True), (2, False), (-1, True), (-3, False))],
        ("ThresholdMask", dict(mask=mask(), value=0.4)),
        ("BatchMasksNode", {"masks.mask0": mask(shape=(1, 4, 6)), "masks.mask1": mask("above", (2, 5, 5))}),
        *[("LatentUpscaleBy", dict(samples=SMALL, upscale_method=method, scale_by=1.3)) for method in ("bislerp", "area")],
        *[("LatentComposite", dict(samples_to=latent(), samples_from=SMALL, x=x, y=16, feather=feather))
          for x, feather in ((16, 0), (16, 16), (40, 16))],
        *[("LatentCompositeMasked", dict(destination=latent(), source=SMALL, x=24, y=32, resize_source=resize, mask=mask()))
          for resize in (False, True)],
        ("LatentCrop", dict(samples=latent("wide", (1, 1, 9, 11)), width=64, height=72, x=40, y=8)),
        ("LatentFlip", dict(samples=SMALL, flip_method="x-axis: vertically")),
        ("LatentFlip", dict(samples=SMALL, flip_method="y-axis: horizontally")),
        ("LatentRotate", dict(samples=SMALL, rotation="90 degrees")),
        ("LatentAdd", dict(samples1=SMALL, samples2=latent())),
        ("LatentSubtract", dict(samples1=SMALL, samples2=latent())),
        ("LatentMultiply", dict(samples=SMALL, multiplier=-1.5)),
        ("LatentInterpolate", dict(samples1=SMALL, samples2=latent(), ratio=0.3)),
        ("LatentBlend", dict(samples1=SMALL, samples2=latent(), blend_factor=0.3)),
        *[("LatentConcat", dict(samples1=SMALL, samples2=latent("second", (1, 2, 5, 4)), dim=dim)) for dim in ("x", "-x", "y", "-y")],
        *[("LatentCut", dict(samples=SMALL, dim=dim, index=index, amount=3)) for dim, index in (("x", 2), ("y", -2), ("y", -9))],
        *[("LatentCutToBatch", dict(samples=SMALL, dim=dim, slice_size=2)) for dim in ("x", "y")],
        ("LatentBatch", dict(samples1=SMALL, samples2=latent("two", (2, 2, 6, 6)))),
        ("BatchLatentsNode", {"latents.latent0": SMALL, "latents.latent1": latent("two", (2, 2, 6, 6))}),
        ("LatentBatchSeedBehavior", dict(samples=latent("two", (2, 2, 2, 2)), seed_behavior="fixed")),
        *[("LatentApplyOperation", dict(samples=latent("two", (2, 3, 5, 4)), operation=operation)) for operation in (
            "operation:LatentOperationTonemapReinhard:0.7", "operation:LatentOperationSharpen:2:0.8:0.1")],
        ("LatentFromBatch", dict(samples=latent("four", (4, 1, 2, 2)), batch_index=-2, length=5)),
    ]


def value_of(given):
    kind, _, rest = given.partition(":") if isinstance(given, str) else ("", "", "")
    if kind not in ("image", "mask", "latent"):
        return given
    name, _, sides = rest.partition(":")
    shape = [int(side) for side in sides.split("x")]
    if name == "levels":
        return (torch.tensor([0.0, 128.0, 255.0, 128.0]) / 255).repeat(math.prod(shape) // 4).view(shape)
    values = seeded_normal(name, shape)
    return {"samples": values} if kind == "latent" else values.sigmoid()


def operation_of(classes: dict, given: str):
    _, name, *values = given.split(":")
    inputs = [entry.id for entry in classes[name].define_schema().inputs]
    return classes[name].execute(**{key: json.loads(value) for key, value in zip(inputs, values, strict=True)}).args[0]


def called(cls, inputs: dict) -> tuple:
    """A dotted name is a member of what stands before the dot, as ComfyUI's executor makes it."""
    given = {}
    for name, value in inputs.items():
        before, _, after = name.partition(".")
        if not after:
            is_choice = name in ("resize_type", "source_stats")
            given[name] = {name: value} if is_choice else value_of(value)
        else:
            given.setdefault(before, {})[after] = value_of(value)
    if hasattr(cls, "execute"):
        if cls.define_schema().is_input_list:
            given = {name: list(value.split(1)) if torch.is_tensor(value) else [value] for name, value in given.items()}
        return tuple(torch.cat(output) if isinstance(output, list) else output for output in cls.execute(**given).args)
    return getattr(cls(), cls.FUNCTION)(**given)


def write(name: str, cases: list) -> None:
    """[class, inputs, facts, outputs] each."""
    folder = GOLDEN.parent.parent / "workflows" / "golden"
    tensors, listed = {}, []
    for dtype, key in ((torch.float32, "floats"), (torch.uint8, "bytes")):
        tensors[key] = torch.cat([t.flatten() for case in cases for t in case[3] if t.dtype == dtype] or [torch.zeros(0, dtype=dtype)])
    for cls, inputs, facts, outputs in cases:
        shapes = [("u" if t.dtype == torch.uint8 else "") + "x".join(map(str, t.shape)) for t in outputs]
        assert all(t.dtype in (torch.float32, torch.uint8) for t in outputs), cls
        listed.append([cls, inputs, shapes] + ([facts] if facts else []))
    safetensors.torch.save_file(tensors, folder / f"{name}.safetensors")
    (folder / f"{name}.safetensors").chmod(0o644)
    with open(folder / f"{name}.json", "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in listed) + "\n]\n")
    print(f"{len(listed)} cases, {sum(t.nbytes for t in tensors.values())} bytes")


def main() -> None:
    classes = load_classes(sys.argv[1])
    listed = []
    for name, inputs in cases():
        outputs = []
        facts = {}
        is_operation = isinstance(inputs.get("operation"), str) and inputs["operation"].startswith("operation:")
        given = inputs | {"operation": operation_of(classes, inputs["operation"])} if is_operation else inputs
        for output in called(classes[name], given):
            if isinstance(output, dict):
                facts |= {"batch_index": output["batch_index"]} if "batch_index" in output else {}
                output = output["samples"]
            if isinstance(output, int):
                output = torch.tensor([output])
            # Of three equal channels one says it all.
            if output.ndim == 4 and output.shape[3] == 3 and name in ("Canny", "MaskToImage", "ImageRGBToYUV"):
                assert (output == output[..., :1]).all()
                output = output[..., 0]
            if name in ("Canny", "ImageQuantize"):
                output = (output * 255).round().to(torch.uint8)
            outputs.append(output)
        listed.append([name, inputs, facts, outputs])
    write("comfyui_nodes", listed)


if __name__ == "__main__":
    main()
