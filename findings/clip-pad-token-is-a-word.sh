#!/usr/bin/env bash
# transformers 5.24.0, CLIPTokenizer: the pad token is taken out of the text before anything else. The second tokenizer of
# Stable Diffusion XL, and that of Stable Diffusion 2, pad with "!", so each "!" that a user writes becomes the padding's
# id 0, where CLIP was trained with 256 ("!" at a word's end), and "!!!" three of them, where CLIP has one piece, 995.
# The first tokenizer of the same model (padded with <|endoftext|>) reads the same text rightly.
#
# Who compares a tokenizer with ComfyUI's ids finds them equal until somebody writes an exclamation mark.
# Seen: "wow! a fox" is 2781 256 320 3240 with one pad token, and 2781 0 320 3240 with the other.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet transformers==5.24.0 tokenizers==0.23.3
"$folder/venv/bin/pip" install --quiet --no-deps --target "$folder/vocabulary" open-clip-torch==3.3.0  # its vocabulary alone
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import gzip
import json
import pathlib
import sys

from transformers import CLIPTokenizer

folder = pathlib.Path(sys.argv[1])
lines = gzip.open(folder / "vocabulary/open_clip/bpe_simple_vocab_16e6.txt.gz").read().decode().split("\n")
merges = lines[1 : 49152 - 256 - 2 + 1]
# Bytes as letters, in the order of GPT-2's table, which is that of the ids.
plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
letters = [chr(b) for b in plain] + [chr(256 + i) for i in range(256 - len(plain))]
pieces = letters + [letter + "</w>" for letter in letters] + ["".join(merge.split()) for merge in merges]
pieces += ["<|startoftext|>", "<|endoftext|>"]
(folder / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
(folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")


def ids(pad, text):
    return CLIPTokenizer.from_pretrained(folder, pad_token=pad)(text)["input_ids"][1:-1]


seen = {(pad, text): ids(pad, text) for pad in ("<|endoftext|>", "!") for text in ("wow! a fox", "!!!")}
for (pad, text), tokens in seen.items():
    print(f"padded with {pad}: {text!r} is {tokens}")
expected = [[2781, 256, 320, 3240], [995], [2781, 0, 320, 3240], [0, 0, 0]]
if list(seen.values()) != expected:
    sys.exit("this has changed")
PYTHON
