"""Writes tests/nodes/golden/tokenizer/: a small tokenizer as transformers 5 saves it, with words added to it, and
tokenizer_words.json: the ids that it gives.

    python tests/reference/make_tokenizer_golden.py
"""

import json
from pathlib import Path

from transformers import AddedToken, CLIPTokenizer

GOLDEN = Path(__file__).parent.parent / "nodes" / "golden"

WORDS = ["cat", "toy", "on", "dog", "a", "big", "sks"]
TEXTS = ["a <cat-toy> on", "a <Cat-Toy> on", "a<cat-toy>on", "a <|endoftext|> cat", "A <|ENDOFTEXT|> <|STARTOFTEXT|>",
         "x  <Big Toy> y", "x <big   toy> y", "sks dog", "asks sks, skss (sks) sks_ \u00e9 sks\u00e9 sks-", "a <l> b",
         "a   <r>   b", "<n> <N>x", "caf\u00e9 CAFE\u0301", "<cat-toy> <cat x", "<SPEC> <spec>y",
         "a\u00a0<l>b <r>\u3000c", "dog's 12 !?", "", "<cat-toy><cat-toy>"]


def letters() -> list:
    """A byte each, as CLIP writes it: printable ones as they are, then the others."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(len(others))]


def main() -> None:
    pieces = letters() + [letter + "</w>" for letter in letters()]
    merges = []
    for word in WORDS:
        parts = [*word[:-1], word[-1] + "</w>"]
        while len(parts) > 1:
            if (parts[0], parts[1]) not in merges:
                merges.append((parts[0], parts[1]))
                pieces.append(parts[0] + parts[1])
            parts[:2] = [parts[0] + parts[1]]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, merges=merges, pad_token="!")
    tokenizer.add_tokens([AddedToken("<cat-toy>"), AddedToken("<Big Toy>"), AddedToken("sks", single_word=True),
                          AddedToken("<l>", lstrip=True), AddedToken("<r>", rstrip=True),
                          AddedToken("<N>", normalized=False), AddedToken("Caf\u00e9"), AddedToken("<cat")])
    tokenizer.add_tokens([AddedToken("<SPEC>", special=True, normalized=False)], special_tokens=True)
    tokenizer.save_pretrained(GOLDEN / "tokenizer")
    tokenizer = CLIPTokenizer.from_pretrained(GOLDEN / "tokenizer")
    cases = [{"text": text, "ids": tokenizer(text).input_ids[1:-1]} for text in TEXTS]
    (GOLDEN / "tokenizer_words.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    main()
