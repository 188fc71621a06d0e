#!/usr/bin/env bash
# pillow 13.0.0, Image.quantize(palette=...): the nearest colour of a palette is looked for without the two lowest bits of each
# channel of the picture. So a pixel whose very colour is in the palette can become another colour of it.
#
# ComfyUI's ImageQuantize goes through it, and so does whoever prepares pictures of few colours, such as segmentation maps.
# Seen: of the palette (0, 0, 0), (3, 3, 3), white, pixels of both dark colours become (0, 0, 0), in either order of the palette;
# of (8, 8, 8), (11, 11, 11), white, those of 11 become 8. Weft's image.quantize does the same, to give the same picture.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy
from PIL import Image


def quantized(greys, pixels):
    palette = Image.new("P", (1, 1))
    palette.putpalette([grey for grey in greys for _ in range(3)] + [255] * 3 * (256 - len(greys)))
    picture = Image.fromarray(numpy.repeat(numpy.array([pixels], numpy.uint8)[..., None], 3, 2))
    found = picture.quantize(palette=palette, dither=Image.Dither.NONE).convert("L")
    return numpy.asarray(found)[0].tolist()


first, second, third = quantized([0, 3], [0, 3]), quantized([3, 0], [0, 3]), quantized([8, 11], [8, 11])
print("palette 0, 3: pixels 0 and 3 become", first)
print("palette 3, 0: pixels 0 and 3 become", second)
print("palette 8, 11: pixels 8 and 11 become", third)
if (first, second, third) != ([0, 0], [0, 0], [8, 8]):
    sys.exit("this has changed")
PYTHON
