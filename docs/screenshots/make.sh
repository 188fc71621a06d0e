#!/usr/bin/env bash
# Writes the pictures of this folder anew: the UI tests' program brings the window into each state. Needs no screen.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cmake/setup.sh weft_editor_ui_tests weft_program
xvfb-run -a -s "-screen 0 1600x1000x24" build/release/bin/weft_editor_ui_tests --screenshots docs/screenshots "$@"
# A quarter of the size, with colours that nobody tells from the window's. Optional: Debian's pngquant.
if command -v pngquant >/dev/null; then pngquant --speed 1 --floyd=0.4 --strip --force --ext .png 64 docs/screenshots/*.png; fi
