"""Writes tests/workflows/golden/values.json, for tests/workflows/values_test.cpp: what ComfyUI's nodes of plain values give.

    python tests/reference/make_value_golden.py COMFYUI

COMFYUI is its source tree. Its nodes' functions are called, without its server: what they import of it are stand-ins.
A case is [class, inputs, outputs]; the outputs of an error are null.
"""

import importlib.util
import json
import sys
import types
from pathlib import Path
from unittest.mock import MagicMock

GOLDEN = Path(__file__).parent.parent / "workflows" / "golden"

TEXT = "Hello W\u00f6rld, \u732b and stra\u00dfe"
CASES = [
    *[("StringConcatenate", dict(string_a=a, string_b=b, delimiter=d)) for a, b, d in [("a", "b", ""), ("", "b", ", "), ("x\n", "y", "\u00e9")]],
    *[("StringReplace", dict(string=s, find=f, replace=r)) for s, f, r in
      [("a b a", "a", "cc"), ("aaa", "aa", "b"), ("\u00e9a", "", "-"), ("", "", "-"), ("abc", "x", "y"), ("a.b", ".", "")]],
    *[("StringSubstring", dict(string=TEXT, start=s, end=e)) for s, e in
      [(0, 5), (6, 11), (-6, -1), (13, 100), (5, 2), (-100, 3), (0, 0)]],
    *[("StringLength", dict(string=s)) for s in ["", TEXT, "a\nb\U0001f600"]],
    *[("StringTrim", dict(string="\u3000\t a b \u00a0\n", mode=m)) for m in ["Both", "Left", "Right"]],
    *[("StringContains", dict(string=TEXT, substring=p, case_sensitive=c)) for p, c in
      [("W\u00f6", True), ("w\u00d6", True), ("w\u00d6", False), ("", True), ("xyz", False)]],
    *[("StringCompare", dict(string_a=TEXT, string_b=b, mode=m, case_sensitive=c)) for b, m, c in
      [("Hello", "Starts With", True), ("hello", "Starts With", True), ("hello", "Starts With", False), ("STRASSE", "Ends With", False),
       ("stra\u00dfe", "Ends With", True), (TEXT, "Equal", True), (TEXT.upper(), "Equal", False)]],
    *[("CaseConverter", dict(string=s, mode=m)) for m in ["UPPERCASE", "lowercase", "Capitalize", "Title Case"]
      for s in [TEXT, "they're 3rd-rate \u00e9t\u00e9s", "\u039f\u0394\u039f\u03a3 A\u03a3B"]],
    *[("RegexMatch", dict(string=s, regex_pattern=p, case_insensitive=i, multiline=m, dotall=d)) for s, p, i, m, d in
      [("Hello", "hel+o", True, False, False), ("Hello", "hel+o", False, False, False), ("a\nb", "^b$", True, False, False),
       ("a\nb", "^b$", True, True, False), ("a\nb", "a.b", True, False, False), ("a\nb", "a.b", True, False, True),
       ("x", "(", True, False, False), ("\u732b\u732b", "^..$", True, False, False), ("\u00c9t\u00e9", "\u00e9T\u00c9", True, False, False),
       ("\u00e9t\u00e9", "^\\w+$", True, False, False), ("foo123", "\\d{3}$", True, False, False), ("ab", "(?P<x>a)(?P=x)", True, False, False),
       ("aa", "(?P<x>a)(?P=x)", True, False, False), ("a\n", "a$", True, False, False), ("aXb", "(?<=x)b", True, False, False)]],
    *[("RegexExtract", dict(string=s, regex_pattern=p, mode=m, case_insensitive=True, multiline=False, dotall=False, group_index=g))
      for m in ["First Match", "All Matches", "First Group", "All Groups"]
      for s, p, g in [("a1 b2 c3", "([a-z])(\\d)", 2), ("a1 b2 c3", "[a-z]\\d", 1), ("a1 b2 c3", "(\\d)", 3), ("none", "\\d", 1),
                      ("a1 b2", "([a-z])\\d", 0), ("<b>x</b> <i>y</i>", "<(\\w)>(.*?)</\\1>", 2), ("x", "[", 1)]],
    *[("RegexReplace", dict(string=s, regex_pattern=p, replace=r, case_insensitive=True, multiline=False, dotall=False, count=c))
      for s, p, r, c in [("a1 b2", "([a-z])(\\d)", "\\2\\1", 0), ("a1 b2", "\\d", "#", 1), ("a  b   c", "\\s+", " ", 0), ("abc", "", "-", 0),
                         ("x y", "(?P<first>\\w) (?P<second>\\w)", "\\g<second> \\g<first>", 0), ("ab", "b", "\\n\\\\", 0),
                         ("cat Cat", "CAT", "dog", 0), ("ab", "(", "x", 0), ("ab", "(a)", "\\2", 0), ("aXbx", "x", "", 0)]],
    *[("StringFormat", dict(f_string=f, values=v)) for f, v in
      [("{a} and {b}", dict(a=1, b="x")), ("{a:.2f}|{a:8.3f}|{a:<8}|{a:+}", dict(a=3.14159)), ("{a:05d} {a:x} {a:>6} {a:,}", dict(a=1234)),
       ("{{}} {a}", dict(a=True)), ("{a} {b} {c}", dict(a=2.0, b=1e20, c=1e-5)), ("{a:*^9} {a!s}", dict(a="mid")), ("{a:.1%}", dict(a=0.256)),
       ("{a:e} {a:g}", dict(a=12345.678)), ("{b}", dict(a=1)), ("{a", dict(a=1)), ("a}", dict(a=1)), ("{a:d}", dict(a="x")), ("{a:.3}", dict(a="abcdef"))]],
    *[("PreviewAny", dict(source=v)) for v in ["text", 3, 2.0, True, 1e16, 0.1]],
    *[("PrimitiveInt", dict(value=v)) for v in [0, -5, 2 ** 62]], ("PrimitiveFloat", dict(value=1.5)), ("PrimitiveBoolean", dict(value=True)),
    ("PrimitiveString", dict(value="a")), ("PrimitiveStringMultiline", dict(value="a\nb")), ("SeedNode", dict(seed=42)),
    ("CustomCombo", dict(choice="red", index=2)),
    *[("ResolutionSelector", dict(aspect_ratio=r, megapixels=m, multiple=k)) for r, m, k in
      [("1:1 (Square)", 1.0, 8), ("16:9 (Widescreen)", 1.0, 8), ("2:3 (Portrait Photo)", 0.5, 64), ("21:9 (Ultrawide)", 2.3, 16),
       ("9:16 (Portrait Widescreen)", 1.0, 128), ("4:3 (Standard)", 0.1, 8)]],
    *[("ComfyMathExpression", dict(expression=e, values=v)) for e, v in [(e, dict(a=7, b=-2, c=0.5)) for e in
      ["a + b", "a / b", "a // b", "a % b", "-a // 2", "a ** 2", "2 ** -1", "-2 ** 2", "a * c", "a // c", "7.5 // -2", "7.5 % -2", "-7 % 3",
       "min(a, b, c)", "max(values)", "sum(values)", "sum(a, b)", "abs(b)", "round(2.5)", "round(3.5)", "round(-1.5)", "round(2.675, 2)",
       "round(1250, -2)", "round(a / 3, 3)", "pow(a, 3)", "sqrt(a * a)", "ceil(1.2)", "floor(-1.2)", "log(8, 2)", "log2(8)", "log10(1000)",
       "sin(0.5) + cos(0.5) + tan(0.5)", "int(-3.9)", "float(a)", "a > b", "a > b > c", "1 < 2 < 3", "not a", "a and b", "0 or c", "b if a > 5 else c",
       "1 / 0 if a < 0 else 9", "a & 3", "a | 8", "a ^ 2", "~a", "a << 3", "a >> 1", "True + 1", "values[1]", "values[-1]", "(a + b) * (a - b)",
       "1e3 + .5", "10_000", "a == 7.0", "a != 7", "2 ** 3 ** 2", "--a", "a if c else b", "1 / 0", "a % 0", "x + 1", "a +", "", "(a", "a b", "sqrt(-1)",
       "log(0)", "10 ** 400", "10.0 ** 400", "pow(2, 5000)", "'a'", "max()", "0.1 + 0.2", "1 if a else 1 / 0", "a and not b", "c == True", "5 % 3.5"]]],
]


class Output(tuple):
    def __new__(cls, *values):
        return super().__new__(cls, values)


def load(comfyui: Path) -> dict:
    """The classes by the name that workflows have for them."""
    io = MagicMock()
    io.ComfyNode, io.NodeOutput = object, Output
    schemas = {}
    io.Schema = lambda node_id, **rest: node_id
    api = types.ModuleType("comfy_api.latest")
    api.ComfyExtension, api.io, api._io = object, io, io
    typing = types.ModuleType("comfy.comfy_types.node_typing")
    typing.IO = MagicMock()
    sys.modules |= {"comfy_api": types.ModuleType("comfy_api"), "comfy_api.latest": api, "comfy.comfy_types.node_typing": typing}
    for name in ("string", "primitive", "math", "logic", "seed", "resolution", "preview_any"):
        spec = importlib.util.spec_from_file_location(name, comfyui / "comfy_extras" / f"nodes_{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for each in vars(module).values():
            if isinstance(each, type) and hasattr(each, "define_schema") and hasattr(each, "execute"):
                schemas[each.define_schema()] = each.execute
        schemas |= {key: getattr(node(), node.FUNCTION) for key, node in getattr(module, "NODE_CLASS_MAPPINGS", {}).items()}
    return schemas


def outputs(function, inputs):
    try:
        result = function(**inputs)
    except Exception:
        return None
    values = list(result["result"] if isinstance(result, dict) else result)
    return None if any(value is None or isinstance(value, int) and abs(value) >= 2 ** 63 for value in values) else values


def main() -> None:
    classes = load(Path(sys.argv[1]))
    cases = [[name, inputs, outputs(classes[name], inputs)] for name, inputs in CASES]
    lines = ",\n".join(json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in cases)
    (GOLDEN / "values.json").write_text(f"[{lines}]\n")


if __name__ == "__main__":
    main()
