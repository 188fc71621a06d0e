"""Texts among the goldens are compressed: NAME.gz, the same bytes each time."""

import gzip
from pathlib import Path

GOLDEN = Path(__file__).parent.parent / "nodes" / "golden"


def write_text(name: str, text: str) -> None:
    (GOLDEN / f"{name}.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def read_text(name: str) -> str:
    return gzip.decompress((GOLDEN / f"{name}.gz").read_bytes()).decode()
