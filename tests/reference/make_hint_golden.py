"""Writes tests/workflows/golden/hints.json and .safetensors: what comfyui_controlnet_aux draws of seeded pictures.

    python tests/reference/make_hint_golden.py AUX

AUX: a folder with the source of comfyui_controlnet_aux (commit e8b689a). OpenCV 5.0.0 (opencv-python-headless 5.0.0.93) on a
processor with Intel's IPP. OpenCV 4.14 draws the same, but for ShufflePreprocessor: its remap() knows 32 places between two
pixels only. The cases are written as in make_comfyui_node_golden.py; "every": 8 compares each 8th pixel along both axes,
"levels": 1 lets values differ by one of 255, where a blur in float32 is cut down.
"""

import importlib
import sys

import numpy as np
import torch

from make_comfyui_node_golden import image, value_of, write

PICTURE = image("hint", (1, 27, 36, 3))
TALL = image("tall", (1, 40, 30, 3))
DETECTORS = {
    "CannyEdgePreprocessor": ("canny", "CannyDetector", {"low_threshold": "low_threshold", "high_threshold": "high_threshold"}),
    "ScribblePreprocessor": ("scribble", "ScribbleDetector", {}),
    "Scribble_XDoG_Preprocessor": ("scribble", "ScribbleXDog_Detector", {"threshold": "thr_a"}),
    "LineartStandardPreprocessor": ("lineart_standard", "LineartStandardDetector",
                                    {"guassian_sigma": "guassian_sigma", "intensity_threshold": "intensity_threshold"}),
    "TilePreprocessor": ("tile", "TileDetector", {"pyrUp_iters": "pyrUp_iters"}),
    "ShufflePreprocessor": ("shuffle", "ContentShuffleDetector", {"seed": "seed"}),
    "ImageLuminanceDetector": ("recolor", "Recolorizer", {"gamma_correction": "gamma_correction"}),
    "ImageIntensityDetector": ("recolor", "Recolorizer", {"gamma_correction": "gamma_correction"}),
    "ColorPreprocessor": ("color", "ColorDetector", {}),
    "BinaryPreprocessor": ("binary", "BinaryDetector", {"bin_threshold": "bin_threshold"}),
}


def cases() -> list:
    """The resolutions that equal the picture's shorter side leave it as it is, smaller ones shrink it."""
    return [
        *[("CannyEdgePreprocessor", dict(image=PICTURE, low_threshold=low, high_threshold=high, resolution=size), {})
          for low, high, size in ((100, 200, 27), (200, 120, 20), (60, 150, 40))],
        *[("ScribblePreprocessor", dict(image=PICTURE, resolution=size), {}) for size in (27, 18, 31)],
        *[("Scribble_XDoG_Preprocessor", dict(image=PICTURE, threshold=threshold, resolution=size), {})
          for threshold, size in ((32, 27), (10, 33))],
        *[("LineartStandardPreprocessor", dict(image=PICTURE, guassian_sigma=sigma, intensity_threshold=threshold, resolution=27),
           {"levels": 1}) for sigma, threshold in ((6.0, 8), (2.5, 16))],
        ("TilePreprocessor", dict(image=image("hint", (1, 90, 100, 3)), pyrUp_iters=2), {"every": 5}),
        ("TilePreprocessor", dict(image=image("tall", (1, 70, 34, 3)), pyrUp_iters=3), {"every": 5}),
        *[("ShufflePreprocessor", dict(image=TALL, resolution=30, seed=seed), {"every": 2}) for seed in (5, 2 ** 40 + 3)],
        *[("ImageLuminanceDetector", dict(image=PICTURE, gamma_correction=gamma, resolution=27), {}) for gamma in (1.0, 0.7)],
        ("ImageIntensityDetector", dict(image=PICTURE, gamma_correction=1.3, resolution=27), {}),
        *[("ColorPreprocessor", dict(image=picture, resolution=size), {"every": 16})
          for picture, size in ((image("hint", (1, 150, 400, 3)), 128), (image("hint", (1, 300, 130, 3)), 192))],
        *[("BinaryPreprocessor", dict(image=PICTURE, bin_threshold=threshold, resolution=size), {})
          for threshold, size in ((100, 27), (0, 27), (130, 44))],
    ]


def main() -> None:
    sys.path.insert(0, sys.argv[1] + "/src")
    listed = []
    for name, inputs, more in cases():
        room, detector, names = DETECTORS[name]
        call = getattr(importlib.import_module("custom_controlnet_aux." + room), detector)()
        given = {theirs: inputs[ours] for ours, theirs in names.items()}
        if room == "recolor":
            given["mode"] = "luminance" if name == "ImageLuminanceDetector" else "intensity"
        picture = np.asarray(value_of(inputs["image"])[0] * 255.0, dtype=np.uint8)
        hint = torch.from_numpy(call(picture, output_type="np", detect_resolution=inputs.get("resolution", 512), **given))
        every = more.get("every", 1)
        hint = hint[::every, ::every]
        if (hint == hint[..., :1]).all():
            hint = hint[..., 0]
        listed.append([name, inputs, more, [hint.unsqueeze(0)]])
    write("hints", listed)


if __name__ == "__main__":
    main()
