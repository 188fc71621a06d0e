#!/usr/bin/env python3
"""How soon after its start `weft edit` shows its window drawn, as a ratio to a program that only opens one and fills it.

Both run in turns on an Xvfb of their own. Drawn is when the middle row of the screen changed for the last time within a
second, so the time holds the loader, the driver, the fonts, and all frames until nodes and panels stand, as a user sees
them. `first` is the first frame with anything in it.

usage: bench/editor_start.py [--editor build/release/bin/weft-edit] [--runs 15] [WORKFLOW]
Prints one JSON object: medians and minima in milliseconds, and their ratio. On a busy machine trust the minima.
"""
import argparse
import ctypes
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

Z_PIXMAP = 2  # X.h
ROOT = Path(__file__).resolve().parent.parent
WIDTH, HEIGHT = 1600, 900

# What every editor pays that draws by GLFW and OpenGL 3.3: the loader, the server, the driver, a window.
EMPTY_WINDOW = r"""
#include <GLFW/glfw3.h>
int main() {
  if (!glfwInit()) return 1;
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 3);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  GLFWwindow* window = glfwCreateWindow(1600, 900, "empty", nullptr, nullptr);
  if (!window) return 1;
  glfwMakeContextCurrent(window);
  while (!glfwWindowShouldClose(window)) {
    glClearColor(0.5f, 0.5f, 0.5f, 1.0f);
    glClear(GL_COLOR_BUFFER_BIT);
    glfwSwapBuffers(window);
    glfwWaitEvents();
  }
}
"""


class Screen:
    """An Xvfb, and the row of pixels in its middle."""

    def __init__(self):
        read_end, write_end = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{WIDTH}x{HEIGHT}x24"],
            pass_fds=[write_end], stderr=subprocess.DEVNULL)
        os.close(write_end)
        with os.fdopen(read_end) as answer:
            self.name = f":{answer.readline().strip()}"
        self.x11 = ctypes.CDLL("libX11.so.6")
        for call, result in (("XOpenDisplay", ctypes.c_void_p), ("XGetImage", ctypes.c_void_p),
                             ("XDefaultRootWindow", ctypes.c_ulong), ("XGetPixel", ctypes.c_ulong)):
            getattr(self.x11, call).restype = result
        self.display = ctypes.c_void_p(self.x11.XOpenDisplay(self.name.encode()))
        self.root = ctypes.c_ulong(self.x11.XDefaultRootWindow(self.display))

    def middle_row(self) -> tuple:
        image = ctypes.c_void_p(self.x11.XGetImage(self.display, self.root, 0, HEIGHT // 2, WIDTH, 1,
                                                   ctypes.c_ulong(0xFFFFFF), Z_PIXMAP))
        row = tuple(self.x11.XGetPixel(image, x, 0) & 0xFFFFFF for x in range(WIDTH))
        self.x11.XDestroyImage(image)
        return row

    def close(self) -> None:
        self.x11.XCloseDisplay(self.display)
        self.server.terminate()
        self.server.wait()


def milliseconds_until_drawn(screen: Screen, command: list, environment: dict) -> tuple:
    """Until the first frame and until the last change."""
    while any(screen.middle_row()):  # the program before is still leaving
        time.sleep(0.01)
    row, changes = screen.middle_row(), []
    start = time.perf_counter()
    program = subprocess.Popen(command, env=environment | {"DISPLAY": screen.name}, stderr=subprocess.DEVNULL)
    while time.perf_counter() - start < (30 if not changes else changes[0] + 1):
        if program.poll() is not None:
            break
        now = screen.middle_row()
        if now != row:
            row = now
            changes.append(time.perf_counter() - start)
        time.sleep(0.002)
    program.kill()
    program.wait()
    if not changes:
        raise SystemExit(f"{' '.join(map(str, command))} drew nothing")
    return changes[0] * 1000, changes[-1] * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workflow", nargs="?", default=ROOT / "workflows/text-to-image.json")
    parser.add_argument("--editor", default=ROOT / "build/release/bin/weft-edit")
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    screen = Screen()
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty"
        subprocess.run(["c++", "-O2", "-x", "c++", "-", "-o", empty, "-lglfw", "-lGL"], input=EMPTY_WINDOW.encode(),
                       check=True)
        homeless = os.environ | {name: folder for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
        commands = {"empty_window": [empty], "editor": [options.editor, options.workflow]}
        times = {name: [] for name in commands}
        for _ in range(options.runs + 1):  # in turns: what slows the machine slows all alike
            for name, command in commands.items():
                times[name].append(milliseconds_until_drawn(screen, command, homeless))
    screen.close()
    report = {}
    for kind, measure in (("median", statistics.median), ("least", min)):
        first, drawn = ({name: measure(run[moment] for run in runs[1:]) for name, runs in times.items()} for moment in (0, 1))
        report[kind] = {f"{name}_ms": round(value) for name, value in drawn.items()}
        report[kind] |= {"editor_first_ms": round(first["editor"]),
                         "ratio": round(drawn["editor"] / drawn["empty_window"], 2)}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
