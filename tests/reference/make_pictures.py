#!/usr/bin/env python3
"""Makes tests/pictures/fixtures: small pictures of each format by Pillow, and pillow.json, what Pillow reads of
them: size, CRC-32 of all frames as 8-bit RGBA, and from how many missing bytes at the end on it refuses the file.

    python3 tests/reference/make_pictures.py      (needs Pillow and numpy)
"""
import io, json, pathlib, zlib
import numpy as np
from PIL import Image, ImageOps, ImageSequence

out = pathlib.Path(__file__).parent.parent / "pictures/fixtures"
random = np.random.default_rng(1)
y, x = np.mgrid[0:24, 0:32]
pixels = np.stack([x * 8 % 256, y * 10 % 256, (x * y) % 256, np.where(x < 16, 255, np.where(y < 12, 128, 0))], -1)
pixels = (pixels + random.integers(0, 40, pixels.shape) * [1, 1, 1, 0]).clip(0, 255).astype(np.uint8)
rgba = Image.fromarray(pixels)
rgb = Image.fromarray(pixels[..., :3])
grey = Image.fromarray(pixels[..., 0])
turned = rgba.rotate(180)
exif = Image.Exif()
exif[0x10E], exif[0x112] = "text", 6
tall = rgb.crop((0, 0, 20, 24))

saves = {
    "rgb.png": (rgb, {}), "rgba.png": (rgba, {}), "palette.png": (rgb.quantize(64), {}), "onebit.png": (rgb.convert("1"), {}),
    "grey_alpha.png": (Image.merge("LA", (grey, rgba.getchannel(3))), {}), "transparent_grey.png": (grey, {"transparency": 3}),
    "turned.png": (rgb, {"exif": exif}), "frames.png": (rgba, {"save_all": True, "append_images": [turned, rgba]}),
    "baseline.jpg": (rgb, {"quality": 90}), "progressive.jpg": (rgb, {"progressive": True}), "grey.jpg": (grey, {}),
    "cmyk.jpg": (rgb.convert("CMYK"), {}), "turned.jpg": (rgb, {"exif": exif}),
    "lossy.webp": (rgb, {}), "alpha.webp": (rgba, {"lossless": True, "exact": True}), "turned.webp": (rgb, {"exif": exif}),
    "frames.webp": (rgba, {"save_all": True, "append_images": [turned, rgba], "lossless": True}),
    "still.gif": (rgb.quantize(64), {}), "transparent.gif": (rgb.quantize(64), {"transparency": 5}),
    "frames.gif": (rgb.quantize(64), {"save_all": True, "append_images": [turned.convert("RGB").quantize(64), grey]}),
    "raw.tif": (rgb, {}), "lzw.tif": (rgb, {"compression": "tiff_lzw"}), "alpha.tif": (rgba, {}),
    "pages.tif": (rgb, {"save_all": True, "append_images": [turned.convert("RGB"), tall]}),
    "rgb.bmp": (rgb, {}),
}


def frames(data):
    first = None
    for frame in ImageSequence.Iterator(Image.open(io.BytesIO(data))):
        frame = ImageOps.exif_transpose(frame)
        first = first or frame.size
        if frame.size == first:  # as ComfyUI
            alpha = np.asarray(frame.convert("RGBA"))[..., 3:]
            yield np.concatenate([np.asarray(frame.convert("RGB")), alpha], -1)


def refuses(data):
    try:
        for frame in ImageSequence.Iterator(Image.open(io.BytesIO(data))):
            frame.load()
        return False
    except Exception:
        return True


table = {}
for name, (picture, options) in saves.items():
    picture.save(out / name, **options)
    data = (out / name).read_bytes()
    read = list(frames(data))
    missing = next(n for n in range(1, len(data)) if refuses(data[:-n]))
    table[name] = {"width": read[0].shape[1], "height": read[0].shape[0], "frames": len(read),
                   "crc": zlib.crc32(b"".join(frame.tobytes() for frame in read)), "refused_without": missing}
(out / "pillow.json").write_text(json.dumps(table, indent=1) + "\n")
