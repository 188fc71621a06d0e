#!/usr/bin/env bash
# Pillow 13.0.0 does not read back the animated PNG that it wrote itself: of frames that are disposed of by PREVIOUS and
# laid OVER what is there, the third still shows the second, which should be gone. FFmpeg (PyAV 18.1.0) shows the frames
# as the format says: what lay under a frame before it was drawn comes back.
#
# Who compares a decoder of animations with Pillow, as ComfyUI's LoadImage uses it, finds a fault that is not there.
# Seen: pixel (0, 7) of frame 3 is (0, 255, 0, 255) in Pillow and (0, 0, 0, 0) in FFmpeg.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pillow==13.0.0 av==18.1.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import io
import sys

import av
from PIL import Image

red = Image.new("RGBA", (8, 8), (255, 0, 0, 255))
green = Image.new("RGBA", (8, 8))
green.paste((0, 255, 0, 255), (0, 0, 4, 8))  # the left half
blue = Image.new("RGBA", (8, 8))
blue.paste((0, 0, 255, 255), (0, 0, 8, 4))  # the upper half
file = io.BytesIO()
red.save(file, "PNG", save_all=True, append_images=[green, blue], disposal=2, blend=1)  # PREVIOUS, OVER

by_pillow = []
picture = Image.open(io.BytesIO(file.getvalue()))
for frame in range(picture.n_frames):
    picture.seek(frame)
    by_pillow.append(picture.convert("RGBA").getpixel((0, 7)))
with av.open(io.BytesIO(file.getvalue()), format="apng") as video:
    by_ffmpeg = [tuple(map(int, f.to_ndarray(format="rgba")[7, 0])) for f in video.decode(video=0)]

print("lower left pixel of each frame by Pillow:", by_pillow)
print("lower left pixel of each frame by FFmpeg:", by_ffmpeg)
start = [(255, 0, 0, 255), (0, 255, 0, 255)]
if by_pillow != start + [(0, 255, 0, 255)] or by_ffmpeg != start + [(0, 0, 0, 0)]:
    sys.exit("this has changed")
PYTHON
