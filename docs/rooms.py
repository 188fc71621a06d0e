#!/usr/bin/env python3
"""Draws docs/pictures/rooms.svg: the folders of Weft and which includes which, read off the #includes.

    docs/rooms.py            draws it anew
    docs/rooms.py --check    changes nothing; fails if the picture is not current

tests/rooms/rooms.txt lists the rooms. An arrow that follows from others is left out. The places of the boxes are written by
hand below (PLACES), and so are the few arrows that are not straight (ROUTES). If one is missing, the script says which.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs/pictures/rooms.svg"
LEFT_OUT = {"bench", "plugins/examples", "plugins/template"}  # they use whatever they measure or show

# Box: column, row from below, columns wide, kind, what is in it.
PLACES = {
    "base": (0, 0, 8, "base", "text, JSON, files, errors, cancelling"),
    "graph": (0, 1, 4, "engine", "values, nodes, workflows, scheduler, cache"),
    "painting": (4, 2, 1, "base", "masks from text"),
    "import/comfyui": (0, 2, 1, "engine", "its workflows"),
    "assets": (1, 2, 1, "engine", "models, inputs"),
    "plugins/sdk": (2, 2, 1, "engine", "what nodes include"),
    "devices/torch": (3, 2, 1, "engine", "CPU, GPU"),
    "devices/shortage": (4, 1, 2, "engine", "memory that ran out, in libtorch's words"),
    "devices/cuda": (6, 1, 2, "engine", "CUDA graphs"),
    "plugins": (2, 3, 1, "engine", "manifests, loader"),
    "host": (0, 4, 4, "engine", "what every program does around a run"),
    "runs": (2, 5, 2, "engine", "queue, jobs, what is known of runs"),
    "cli": (0, 5, 2, "program", "the weft command"),
    "editor/session": (0, 6, 4, "program", "documents, files, settings: no window"),
    "editor/window": (0, 7, 4, "program", "GLFW, OpenGL, fonts"),
    "editor/widgets": (0, 8, 4, "program", "fields, values, zoomed pictures"),
    "editor/canvas/view": (0, 9, 4, "program", "what a canvas shows, and where it looks"),
    "editor/app": (0, 10, 4, "program", "App, commands, menus"),
    "editor/panels": (0, 11, 2, "program", "a file for each panel"),
    "editor/canvas": (2, 11, 2, "program", "how it is drawn"),
    "editor": (0, 12, 2, "program", "weft edit: the frame"),
    "pictures": (4, 4, 1, "base", "reads PNG, WebP..."),
    "nodes/sd/tensors": (5, 2, 3, "diffusion", "kernels, resizing, transfers"),
    "nodes/sd/pictures": (5, 3, 1, "diffusion", "masks, maps"),
    "nodes/sd/files": (6, 3, 2, "diffusion", "safetensors, shards, fp8"),
    "nodes/sd/networks": (6, 4, 2, "diffusion", "U-Net, VAE, CLIP"),
    "nodes/sd/sampling": (6, 5, 2, "diffusion", "samplers, schedules, noise"),
    "nodes/sd/text": (6, 6, 2, "diffusion", "prompts, tokenizers"),
    "nodes/sd/families": (6, 7, 2, "diffusion", "how a model is recognised"),
    "nodes/sd/adapters": (5, 7, 1, "diffusion", "LoRA and its kin"),
    "nodes/sd/reports": (7, 8, 1, "diffusion", "what a file is"),
    "nodes/sd/values": (6, 8, 1, "diffusion", "what links carry"),
    "nodes/STAGE": (4, 10, 3, "diffusion", "checkpoint, model, sampler, vae...: a plugin library each"),
    "training": (7, 10, 1, "program", "weft-train"),
}

GROUPS = {"editor/": "program", "nodes/sd/": "diffusion"}  # frames around the rooms in a folder

# What programs open at run time and do not include.
OPENED = [("host", "devices/torch"), ("plugins", "nodes/STAGE")]

PITCH_X, PITCH_Y, GAP_X, GAP_Y = 128, 66, 14, 24
LANES = 60  # room for lines before column 4
MARGIN, TOP = 26, 42
ROWS = 1 + max(row for _, row, *_ in PLACES.values())
WIDTH = 2 * MARGIN + 8 * PITCH_X - GAP_X + LANES
HEIGHT = TOP + ROWS * PITCH_Y + 26


def lane(number):
    return MARGIN + 4 * PITCH_X - GAP_X + 21 + 11 * number


def above(row):
    return TOP + (ROWS - row - 1) * PITCH_Y - GAP_Y / 2


# How arrows go that are not straight: where they leave the first box (side, how far along it), the x and y of their parts
# in turn, and where they reach the second.
ROUTES = {
    ("nodes/sd/values", "nodes/sd/pictures"): ("left", 0.75, MARGIN + LANES + 6 * PITCH_X - GAP_X / 2, above(3), "top", 0.7),
    ("nodes/sd/reports", "assets"): ("right", 0.5, WIDTH - 18, above(9), lane(0), above(2), "top", 0.8),
    ("training", "nodes/sd/families"): ("right", 0.5, WIDTH - 11, "right", 0.5),
    ("nodes/sd/adapters", "nodes/sd/families"): ("right", 0.4, "left", 0.4),
    ("editor/session", "painting"): ("right", 0.5, lane(3), "left", 0.35),
    ("host", "pictures"): ("right", 0.5, "left", 0.5),
    ("devices/torch", "devices/shortage"): ("right", 0.7, lane(4), "left", 0.5),
    ("nodes/sd/networks", "devices/cuda"): ("right", 0.5, WIDTH - 11, "right", 0.5),
    ("nodes/sd/values", "graph"): ("left", 0.35, lane(2), "right", 0.5),
    ("nodes/sd/pictures", "painting"): ("left", 0.5, "top", 0.6),
    ("nodes/STAGE", "plugins/sdk"): (above(2), "top", 0.8),  # branches off from the next one
    ("nodes/STAGE", "assets"): ("left", 0.35, lane(0), above(2), "top", 0.8),
    ("plugins", "nodes/STAGE"): ("right", 0.5, lane(1), "left", 0.65),
}


def rooms():
    """Name -> the files that it is made of, or nothing where it is a folder."""
    lines = (ROOT / "tests/rooms/rooms.txt").read_text().splitlines()
    heads = [line.split(":")[0].split() for line in lines if line and not line.startswith(("#", "library "))]
    return {head[0]: head[2:] for head in heads}


def room_of(path, known):
    for name, files in known.items():
        if path in files:
            return name
    folders = [name for name, files in known.items() if not files and path.startswith(name + "/")]
    return max(folders, key=len, default=None)


def box_of(room):
    return "nodes/STAGE" if re.match(r"nodes/(?!sd/)", room) else room


def includes():
    """Pairs of boxes of which the first includes the second."""
    known = rooms()
    found = set()
    for folder in sorted({name.split("/")[0] for name in known}):
        for file in (ROOT / folder).rglob("*"):
            if file.suffix not in (".h", ".cpp", ".cu", ".inc"):
                continue
            room = room_of(file.relative_to(ROOT).as_posix(), known)
            for path in re.findall(r'^\s*#\s*include\s*"([^"]+)"', file.read_text(errors="replace"), re.M):
                other = room_of(path, known)
                if room and other and not {room, other} & LEFT_OUT and box_of(room) != box_of(other):
                    found.add((box_of(room), box_of(other)))
    return found


def without_detours(arrows):
    """The arrows that do not follow from others."""
    below = {}

    def reach(box):
        if box not in below:
            below[box] = set()
            for first, second in arrows:
                if first == box:
                    below[box] |= {second} | reach(second)
        return below[box]

    return sorted(
        (a, b) for a, b in arrows if not any(first == a and b in reach(second) for first, second in arrows if second != b)
    )


def rectangle(box):
    column, row, columns, *_ = PLACES[box]
    x = MARGIN + column * PITCH_X + (LANES if column >= 4 else 0)
    width = columns * PITCH_X - GAP_X + (LANES if column < 4 < column + columns else 0)
    return x, TOP + (ROWS - row - 1) * PITCH_Y, width, PITCH_Y - GAP_Y


def point_on(box, side, share):
    x, y, width, height = rectangle(box)
    if side in ("left", "right"):
        return x + (width if side == "right" else 0), y + share * height
    return x + share * width, y + (height if side == "bottom" else 0)


def routed(first, second, route):
    """The corners of an arrow that starts to the left or to the right and turns at each given x and y."""
    end = point_on(second, *route[-2:])
    if len(route) == 3:  # a branch of another arrow, from that height
        return [(end[0], route[0]), end]
    corners, turns = [point_on(first, *route[:2])], route[2:-2]
    for number, turn in enumerate(turns):
        x, y = corners[-1]
        corners.append((turn, y) if number % 2 == 0 else (x, turn))
    x, y = corners[-1]
    corners.append((end[0], y) if len(turns) % 2 == 0 else (x, end[1]))
    return corners + [end]


def straight(first, second, taken):
    """A vertical line through free space, as near to the middle as other lines leave it."""
    x1, y1, w1, h1 = rectangle(first)
    x2, y2, w2, _ = rectangle(second)
    left, right = max(x1, x2) + 10, min(x1 + w1, x2 + w2) - 10
    middle = (left + right) / 2

    def is_free(x):
        between = [rectangle(box) for box in PLACES if box not in (first, second)]
        return all(not (bx - 4 < x < bx + bw + 4 and y1 < by < y2) for bx, by, bw, _ in between) and all(
            abs(x - other) > 11 or bottom <= y1 + h1 or top >= y2 for other, top, bottom in taken
        )

    places = sorted(range(int(left), int(right) + 1, 2), key=lambda x: abs(x - middle)) if y1 < y2 else []
    for x in filter(is_free, places):
        taken.append((x, y1 + h1, y2))
        return [(x, y1 + h1), (x, y2)]
    sys.exit(f"docs/rooms.py: {first} -> {second} cannot be drawn straight: change PLACES, or say its way in ROUTES")


def path(corners, radius=7):
    """The line through `corners`, rounded, and short of its end by the arrow's head."""
    parts = ["M%g %g" % corners[0]]
    for before, corner, after in zip(corners, corners[1:], corners[2:]):
        parts.append("L%g %g" % towards(corner, before, radius))
        parts.append("Q%g %g %g %g" % (*corner, *towards(corner, after, radius)))
    return " ".join(parts + ["L%g %g" % towards(corners[-1], corners[-2], 2)])


def towards(point, other, distance):
    length = max(abs(other[0] - point[0]), abs(other[1] - point[1])) or 1
    distance = min(distance, length / 2)
    return tuple(p + (o - p) * distance / length for p, o in zip(point, other))


STYLE = """
  text { font-family: -apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif; text-anchor: middle }
  .page { fill: #fff; stroke: #d0d7de } .name { font-size: 14.5px; font-weight: 600; fill: #1f2328 }
  .what, .key { font-size: 12px; fill: #59636e } .group { font-size: 13px; font-weight: 600; text-anchor: start }
  .line { fill: none; stroke: #8c959f; stroke-width: 1.3 } .opened { stroke-dasharray: 4 3 } .head { fill: #8c959f }
  .frame { stroke-width: 1 } rect.base { fill: #eff2f5; stroke: #afb8c1 } rect.engine { fill: #dbeafe; stroke: #7aa7e8 }
  rect.diffusion { fill: #ffe9cf; stroke: #e0a458 } rect.program { fill: #d9f2df; stroke: #74b986 }
  rect.frame.diffusion { fill: #fff8ee } rect.frame.program { fill: #f3fbf5 }
  text.diffusion { fill: #9a6115 } text.program { fill: #2f7d44 }
"""
DARK = """
  .page { fill: #0d1117; stroke: #3d444d } .name { fill: #f0f6fc } .what, .key { fill: #a3adb8 }
  .line { stroke: #7d8590 } .head { fill: #7d8590 }
  rect.base { fill: #21262d; stroke: #59636e } rect.engine { fill: #15305a; stroke: #4577bd }
  rect.diffusion { fill: #4a3212; stroke: #a87432 } rect.program { fill: #163d24; stroke: #3f8a55 }
  rect.frame.diffusion { fill: #1d1810 } rect.frame.program { fill: #0f1c14 }
  text.diffusion { fill: #dfab66 } text.program { fill: #7cc792 }
"""


def frame(folder):
    shapes = [rectangle(box) for box in PLACES if (box + "/").startswith(folder)]
    x, y = min(s[0] for s in shapes) - 9, min(s[1] for s in shapes) - 23
    right, bottom = max(s[0] + s[2] for s in shapes) + 9, max(s[1] + s[3] for s in shapes) + 9
    kind = GROUPS[folder]
    return (
        f'<rect class="frame {kind}" x="{x:g}" y="{y:g}" width="{right - x:g}" height="{bottom - y:g}" rx="10"/>'
        f'<text class="group {kind}" x="{x + 10:g}" y="{y + 17:g}">{folder}</text>'
    )


def draw_box(box):
    x, y, width, height = rectangle(box)
    kind, what = PLACES[box][3:]
    name = "main.cpp" if box == "editor" else box
    for folder in GROUPS:
        name = name.removeprefix(folder)
    return (
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"/>'
        f'<text class="name" x="{x + width / 2:g}" y="{y + 18:g}">{name}</text>'
        f'<text class="what" x="{x + width / 2:g}" y="{y + 34:g}">{what}</text>'
    )


def picture():
    arrows = without_detours(includes())
    for box in sorted({box for arrow in arrows for box in arrow} - set(PLACES)):
        sys.exit(f"docs/rooms.py: {box} has no place in the picture: add it to PLACES")
    taken, lines = [], []
    for pair in sorted(arrows, key=lambda a: rectangle(a[1])[1] - rectangle(a[0])[1]) + OPENED:
        corners = routed(*pair, ROUTES[pair]) if pair in ROUTES else straight(*pair, taken)
        kind = "line opened" if pair in OPENED else "line"
        lines.append(f'<path class="{kind}" d="{path(corners)}" marker-end="url(#head)"/>')
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img">',
            "<!-- Made by docs/rooms.py from the #includes; do not edit. -->",
            "<title>The rooms of Weft, and which includes which</title>",
            f"<style>{STYLE}@media (prefers-color-scheme: dark) {{{DARK}}}</style>",
            '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path class="head" d="M0 0L8 4L0 8z"/></marker>',
            f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1:g}" height="{HEIGHT - 1:g}" rx="12"/>',
            *map(frame, GROUPS),
            *lines,
            *map(draw_box, PLACES),
            f'<text class="key" x="{WIDTH / 2:g}" y="{HEIGHT - 12:g}">An arrow: includes. Dashed: opens at run time. '
            "What follows from other arrows is left out.</text>",
            "</svg>\n",
        ]
    )


def main():
    drawn = picture()
    if sys.argv[1:] == ["--check"]:
        if not PICTURE.exists() or PICTURE.read_text() != drawn:
            sys.exit("docs/pictures/rooms.svg is not current: run docs/rooms.py, look at it, and commit it")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        PICTURE.write_text(drawn)


if __name__ == "__main__":
    main()
