#!/usr/bin/env python3
"""How fast `weft nodes` and `weft check` start, as a ratio to an empty C++ program on the same machine at the same time.

usage: bench/startup.py [--weft build/release/bin/weft] [--runs 100] [WORKFLOW]
Prints one JSON object: medians and minima in milliseconds, and their ratios. On a busy machine trust the minima.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build_empty_program(folder: Path) -> Path:
    """What every C++ program pays: the loader, libc, libstdc++."""
    program = folder / "empty"
    source = "#include <string>\nint main(int n, char** a) { return std::string(a[0]).size() == std::size_t(n); }\n"
    subprocess.run(["c++", "-O2", "-x", "c++", "-", "-o", program], input=source.encode(), check=True)
    return program


def seconds_of(command: list, sink) -> float:
    start = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ,
                             file_actions=[(os.POSIX_SPAWN_DUP2, sink.fileno(), 1)])
    _, status = os.waitpid(process, 0)
    elapsed = time.perf_counter() - start
    if status != 0:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    return elapsed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workflow", nargs="?", default=ROOT / "workflows/text-to-image.json")
    parser.add_argument("--weft", default=ROOT / "build/release/bin/weft")
    parser.add_argument("--runs", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "wb") as sink:
        weft = str(options.weft)
        commands = {
            "empty": [str(build_empty_program(Path(folder)))],
            "nodes": [weft, "nodes"],
            "check": [weft, "check", str(options.workflow)],
        }
        times = {name: [] for name in commands}
        for _ in range(options.runs + 5):  # in turns: what slows the machine slows all alike
            for name, command in commands.items():
                times[name].append(seconds_of(command, sink))
    report = {}
    for kind, measure in (("median", statistics.median), ("least", min)):
        taken = {name: measure(values[5:]) * 1000 for name, values in times.items()}
        report[kind] = {f"{name}_ms": round(value, 2) for name, value in taken.items()}
        report[kind] |= {f"{name}_ratio": round(taken[name] / taken["empty"], 2) for name in ("nodes", "check")}
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
