#!/usr/bin/env python3
"""Makes docs/pictures/explained/: runs every workflow of workflows/explained/ and keeps the picture that it saves, under its name.

    docs/pictures/make_explained.py [NN ...]      all of them, or those with these numbers

In float32, so that the pictures do not depend on the processor. Workflows whose model is not there (07 wants a Stable Diffusion 1.5, one of 05
the model of ImageNet's classes) are skipped, and named.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEFT = ROOT / "build/release/bin/weft"
PICTURES = ROOT / "docs/pictures/explained"


def make(workflow: pathlib.Path) -> float | None:
    """Seconds that the run took, or None where it could not run."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.monotonic()
        done = subprocess.run([WEFT, "run", workflow, "--out", folder, "--dtype", "float32", "--progress", "none"], capture_output=True, text=True)
        seconds = time.monotonic() - begin
        if done.returncode != 0:
            print(f"{workflow.name}: skipped\n{done.stderr}", file=sys.stderr)
            return None
        picture = next(pathlib.Path(folder).glob("*.png"))
        kept = PICTURES / f"{workflow.stem}.png"
        shutil.copy(picture, kept)
        # A quarter of the size, with colours that nobody tells from the others. Optional: Debian's pngquant.
        if shutil.which("pngquant"):
            subprocess.run(["pngquant", "--speed", "1", "--floyd=0.4", "--strip", "--force", "--ext", ".png", "64", kept], check=True)
        return seconds


def main() -> None:
    wanted = sys.argv[1:]
    PICTURES.mkdir(parents=True, exist_ok=True)
    total = 0.0
    for workflow in sorted((ROOT / "workflows/explained").glob("*.json")):
        if wanted and workflow.name[:2] not in wanted:
            continue
        seconds = make(workflow)
        if seconds is not None:
            total += seconds
            print(f"{workflow.name}: {seconds:.1f} s")
    print(f"all together: {total:.1f} s")


if __name__ == "__main__":
    main()
