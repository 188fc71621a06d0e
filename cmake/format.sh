#!/usr/bin/env bash
# Lays out all C++ files as .clang-format says, with the clang-format that set-up fetched.
#   cmake/format.sh [FILE...]    rewrites them
#   cmake/format.sh --check      changes nothing, names what differs and fails
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
clang_format=.deps/python/clang_format/data/bin/clang-format
[[ -x $clang_format ]] || { echo "clang-format is missing: run cmake/setup.sh --packages" >&2; exit 1; }
mode=(-i)
if [[ ${1:-} == --check ]]; then
  mode=(--dry-run -Werror)
  shift
fi
if (($#)); then files=("$@"); else mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.h' '*.cpp' '*.inc'); fi
printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -n 40 "$clang_format" --style=file "${mode[@]}"
