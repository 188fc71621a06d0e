"""Writes tests/nodes/golden/bert_tokens.json: texts, and their ids by transformers' tokenizer of bert-base-uncased.

    python tests/reference/make_bert_token_golden.py build/release/share/weft/bert_uncased_vocab.txt
"""

import json
import sys
from pathlib import Path

from transformers import BertTokenizerFast

TEXTS = [
    "a virus monster is playing guitar, oil on canvas", "", "  A\tPhoto\nof   an ARCTIC fox ", "unbelievableness",
    "Crème brûlée, señor Ångström & Dvořák", "don't stop; it's 3.14% of $20,000!", "日本の風景 and 北京", "İstanbul ǅ ß Σίσυφος ς",
    "e-mail_me@example.com #art", "zero\u200bwidth soft\u00adhyphen", "ﬁligree ½ ² Ⅷ", "🦊 fox 🌲", "x" * 101, "x" * 100,
    "“quoted” — dash… ¿qué?", "tab\u00a0nbsp\u3000ideographic", "a\u0301 a\u030a \u0301", "Привет мир", "한국어", "नमस्ते",
    "control\u0007char \ufffd end", "\u00c5ngstr\u00f6m A\u030angstro\u0308m", "C++20, a<b>c ^_^ ~`|",
]


def main() -> None:
    vocabulary = Path(sys.argv[1])
    tokenizer = BertTokenizerFast(vocab=str(vocabulary), do_lower_case=True)
    rows = [{"text": text, "ids": tokenizer(text, add_special_tokens=False).input_ids} for text in TEXTS]
    target = Path(__file__).parent.parent / "nodes/golden/bert_tokens.json"
    target.write_text(json.dumps(rows, indent=0) + "\n")
    print(len(rows), rows[0])


if __name__ == "__main__":
    main()
