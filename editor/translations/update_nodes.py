#!/usr/bin/env python3
"""Brings the catalogue of what the shipped plugins declare (nodes/weft-nodes.pot) and its translations up to the code:
titles, menus, names of ports (and those for callers in the shipped workflows), choices. Run it after changing one, with the program built:

    update_nodes.py build/release/bin/weft            writes
    update_nodes.py build/release/bin/weft --check    writes nothing; fails if something would change
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE / "nodes"
ROOT = HERE.parent.parent
SHORT = {"Cfg", "Vae", "Clip", "Id"}  # as in editor/session/node_text.cpp
# Params whose choices are names of samplers and schedules: the same in every language, as in papers and in ComfyUI.
NAMES = {"sampler", "schedule", "name"}


def label(port):
    text = port.replace("_", " ")
    text = text[:1].upper() + text[1:]
    return text.upper() if text in SHORT else text


def declared(weft):
    """(context, text) -> who declares it."""
    found = {}
    for node in json.loads(subprocess.run([weft, "nodes", "--json"], check=True, capture_output=True).stdout):
        found.setdefault(("node", node["title"]), set()).add(node["id"])
        for part in node["menu"].split("/"):
            found.setdefault(("menu", part), set())
        for port in node["inputs"] + node["outputs"]:
            found.setdefault(("port", label(port["name"])), set()).add(node["id"])
            for choice in port.get("choices", []) if port["name"] not in NAMES else []:
                found.setdefault(("choice", choice), set()).add(f"{node['id']}.{port['name']}")
    for workflow in ROOT.glob("workflows/**/*.json"):  # names for callers stand beside names of ports
        interface = json.loads(workflow.read_text()).get("interface", {})
        for port in [*interface.get("inputs", {}), *interface.get("outputs", {})]:
            found.setdefault(("port", label(port)), set())
    for source in [*ROOT.glob("nodes/**/*.cpp"), *ROOT.glob("plugins/examples/**/*.cpp"), ROOT / "graph/registry.cpp"]:
        for title in re.findall(r'\.title = "([^"]+)",\s*\.colour = ', source.read_text()):
            found.setdefault(("type", title), set())
    return found


def quoted(text):
    return json.dumps(text, ensure_ascii=False)


def template(found):
    lines = ['msgid ""', 'msgstr ""', '"Project-Id-Version: weft-nodes\\n"', '"MIME-Version: 1.0\\n"',
             '"Content-Type: text/plain; charset=UTF-8\\n"', '"Content-Transfer-Encoding: 8bit\\n"', ""]
    for (context, text), users in sorted(found.items()):
        lines += [f"#: {user}" for user in sorted(users)[:4]]
        lines += [f"msgctxt {quoted(context)}", f"msgid {quoted(text)}", 'msgstr ""', ""]
    return "\n".join(lines)


def main():
    weft, check = sys.argv[1], "--check" in sys.argv[2:]
    changed = False
    with tempfile.TemporaryDirectory() as made:
        pot = pathlib.Path(made) / "weft-nodes.pot"
        pot.write_text(template(declared(weft)))
        for there in sorted(FOLDER.glob("*.po")):
            here = pot.parent / there.name
            merged = subprocess.run(["msgmerge", "--quiet", "--no-fuzzy-matching", "--width=110", there, pot],
                                    check=True, capture_output=True).stdout
            subprocess.run(["msgattrib", "--no-obsolete", "--width=110", f"--output-file={here}", "-"], input=merged,
                           check=True)
        for here in sorted(pathlib.Path(made).iterdir()):
            there = FOLDER / here.name
            if there.exists() and there.read_text() == here.read_text():
                continue
            changed = True
            if check:
                print(f"editor/translations/nodes/{there.name} is not what the plugins declare: run "
                      "editor/translations/update_nodes.py", file=sys.stderr)
            else:
                there.write_text(here.read_text())
                print(f"wrote editor/translations/nodes/{there.name}")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
