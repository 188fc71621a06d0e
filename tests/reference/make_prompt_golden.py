"""Writes tests/nodes/golden/prompts.json, for tests/nodes/sd/text/dialects_test.cpp and wildcards_test.cpp: what AUTOMATIC1111's web
UI, compel and dynamicprompts make of texts, and of them a text encoder with seeded weights.

    python tests/reference/make_prompt_golden.py FOLDER

The web UI is no package. FOLDER holds its prompt_parser.py, classic_engine.py and emphasis.py, as the ComfyUI extension smZNodes
carries them (modules/text_processing). compel 2.5.1 gives the tokenizer each text twice, as a pair, and so encodes it twice;
here the tokenizer takes the first alone.

A context is written as its norm and every 173rd number. A template is written with the set of all texts that it can become.
"""

import gzip
import importlib
import json
import re
import sys
import tempfile
import types
from pathlib import Path

import torch
from compel import Compel
from compel.prompt_parser import PromptParser
from dynamicprompts.generators import CombinatorialPromptGenerator
from dynamicprompts.wildcards import WildcardManager
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from make_tokenizer_golden import GOLDEN, letters
from model_sizes import SMALL
from seeded_weights import canonical_text_name, fill

EMPHASIS = ["normal text", "an (important) word", "(unbalanced", "\\(literal\\]", "(unnecessary)(parens)",
            "a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).", "x:1.2)", "[a(b]c)", "a \\\\ b \\x", "(a: 1.2 )", "",
            "(a:-0.5) b", "[[a]] ((b))", "(a:1.2) (b:1.2)", "((a:1.5) b:0.5)", "a) b]", "(a (b) c:1.5)", "(:1.2)", "()",
            "a: b (c: d:1.1)", "(a:+1.2)", "[a:1.2]", "a BREAK b", "a BREAK b BREAK BREAK c", "BREAKa aBREAK", "a\n(b)\nc",
            "embedding:x (embedding:y:1.2)", "(\u732b:1.2) \u00e9t\u00e9", "a,(b:.5),c", "(a\\:1.2)", "(a:1.)", "[(a)]"]
COMPOSED = ["a AND b", "a:1.2 AND b :-0.5", "16:9", "a AND", "(a:1.2) AND [b] : 2", "BAND AND\nc", "a", "a : 1.5", "a:1.2.3",
            "a AND b AND c:.5", "a:+2. AND b", " AND a", "a:x AND b: 1e2"]
SCHEDULES = ["test", "a [b:3]", "a [b: 3]", "a [[[b]]:2]", "[(a:2):3]", "a [b : c : 1] d", "a[b:[c:d:2]:1]e", "a [unbalanced",
             "a [b:.5] c", "a [{b|d{:.5] c", "((a][:b:c [d:3]", "[a|(b:1.1)]", "[fe|]male", "[fe|||]male", "a | b [c:d:5]",
             "[a|b:5]", "a\\", "[a:b:c:5]", "[x [a:b:5]", "[ a : b : 5 ]", "a:b [c:d:-3]", "[a:b:1.0] [c:1.5]", "[[a|b]|c]",
             "[a:[b|c]:.3]", "(a|b)", "[a:b:1e-1]", "[a:b|c:3]", "[a::4]", "[::4]", "[a:(b:1.2):0.25] [c|d]", "\\[a:b:2\\]",
             "[a:b:2", "a:b:2]", "[a\\:b:c:2]", "(x [a:b:2]:1.3)", "[a:b:20]", "[a:b:0]", "[a:b:+3]", "[a|b|c] [d:e:0.99]",
             "([a:b:2", "[a:b:2]]"]
FRAGMENTS = ["a cat++ b", "a (b c)1.3 d", "(a b", "a (b c)+ (d) e", "a (b - c)+ d", '"a - b" c', '("a cat", "a dog").blend(0.5, 0.5)',
             '("a cat", "a dog")blend', '("a, b", c, (d e)+).and(1,0.5,2)', "a \\(b\\)+ c+", "a-b well-known+ --- c-- d",
             "c++ (C++)1.2", "((a b)+ c)1.2 d", 'a "b c"+ d', "(a)1.2.attend(+)", "a .attend(-) b", '("a - b", "c").blend(1,1)',
             "(a, b).and()", "a,b+,c", '("a", "b").blend(1,1, no_normalize)', "man(+)", "a (b) .5", "(a)-1.5", "(a b)-- c", "",
             '("a","b","c").and(1, -0.5, .25)', '("a (b)+", "c++ d").blend(0.2, 0.8)', "a (b, c. d)0.5 e", "(a)+(b)-", "((((a))))+",
             "a (b (c d)- e)1.5 f", '"quoted (a)+"1.2 b', 'a "b \\"c\\" d"+', "()+ a", "(a)5. b", "a ... b", "a -b +c", "1990s+ 5-",
             "a b.attend(1.4) c", "(a b).attend(---)", '("x", "y").add(2, 1)', "\u732b+ \u00e9t\u00e9--", "a +", "(a\nb)+ c",
             "(a b)1.3c", '("a b" c).and()']
ENCODED = ["a cat++ on a mat", "a (cat on a)1.4 mat", "a cat-- on a mat", "a (big red)0.3 cat (on a)0.8 mat+", "(cat)0 dog",
           '("a cat", "a dog on a mat").blend(0.3, 0.7)', '("a cat", "a (dog)+").blend(1, -0.4, no_normalize)',
           '("a cat", "a dog--").and(1, 0.5)', "a cat", ""]
CHUNKED = ["a (cat:1.4) on a [mat]", "a cat", "", "a BREAK (b:0.7)", "(a cat:-1) on"]
LONG = ("a red cat, " * 14 + "on a mat. " * 3 + "and a very big dog that sits, " * 4 + "(in the sun:1.3) ") * 2
LONG_COMPEL = ("a red cat, " * 14 + "on a mat. " * 3 + "and a (very big)0.6 dog that sits, " * 4 + "(in the sun)1.3 ") * 2

WILDCARDS = {"colors": ["red", "# none", "  green ", "", "blue", "{dark|light} grey", "__sub/x__ and"], "sub/x": ["one", "two"],
             "sub/y": ["three", "one"]}
TEMPLATES = ["a {b|c} d", "{ a | b }x", "{a|}", "{}", "{a}", "{2$$a|b|c}", "{2$$ and $$a|b|c}", "{0-1$$a|b}", "{-2$$a|b|c}",
             "{2-$$a|b|c}", "{0.5::a|2::b|c}", "{a|{b|c}} {d|e}", "__colors__", "__sub/*__", "{2$$__sub/x__}", "{2$$__sub/x__|q}",
             "{2$$a|__sub/x__}", "a}b", "a|b", "{1$$a}", "{5$$a|b}", "{a__sub/x__b|c}", "{2$$|$$a|b}", "  a  {b|c}  ",
             "{a\n|b\n}", "a_b __sub/x__ c_", "{1::a|1 :: b}", "{a::b|c}", "(a:1.2) {x|y:1.3}", "__sub/x____sub/x__",
             "{3-1$$a|b|c}", "{ 2$$a|b}", "{2$$ a|b}", "{{a|b}|{c|d}}", "{2$$, $${a|b}|c}", "{\u732b|\u00e9t\u00e9} x", "{2::__sub/x__|c} d"]


def web_ui(folder: Path):
    """The web UI's parser, a function from a text to chunks of ids and weights, and its emphasis."""
    package = types.ModuleType("webui")
    package.__path__ = [str(folder)]
    sys.modules |= {"webui": package, "comfy": types.ModuleType("comfy")}
    sys.modules["comfy"].model_management = None
    for name, names in {"webui.textual_inversion": ("EmbeddingDatabase", "parse_and_register_embeddings"),
                        "shared": ("opts", "logger")}.items():
        sys.modules[name] = types.ModuleType(name)
        for each in names:
            setattr(sys.modules[name], each, None)
    parser = types.ModuleType("webui.prompt_parser")
    source = (folder / "prompt_parser.py").read_text().replace("from ..shared import", "from shared import")
    exec(compile(source, "prompt_parser.py", "exec"), parser.__dict__)
    parser.opts = types.SimpleNamespace(prompt_attention="A1111 parser")
    sys.modules["webui.prompt_parser"] = package.prompt_parser = parser
    emphasis = importlib.import_module("webui.emphasis")
    return parser, importlib.import_module("webui.classic_engine").ClassicTextProcessingEngine, emphasis.EmphasisOriginal


def clip_tokenizer():
    merges_file = Path(__file__).parents[2] / ".deps/python/open_clip/bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.open(merges_file).read().decode().split("\n")[1:49152 - 256 - 2 + 1]
    merges = [tuple(line.split()) for line in lines]
    pieces = letters() + [letter + "</w>" for letter in letters()] + ["".join(pair) for pair in merges]
    pieces += ["<|startoftext|>", "<|endoftext|>"]

    class FirstTextTokenizer(CLIPTokenizer):
        def __call__(self, text, text_pair=None, **options):
            return super().__call__(text, **options)

    tokenizer = FirstTextTokenizer(vocab={piece: i for i, piece in enumerate(pieces)}, merges=merges)
    tokenizer.model_max_length = 77
    return tokenizer


def text_encoder():
    model = CLIPTextModel(CLIPTextConfig(**(SMALL.text | dict(vocab_size=49408, bos_token_id=49406, eos_token_id=49407)))).eval()
    fill(model, canonical_text_name)
    return model


def digest(context: torch.Tensor) -> list:
    numbers = [context.norm(), *context.flatten()[::173]]
    return [context.shape[1]] + [float(f"{number.item():.7g}") for number in numbers]


def webui_part(folder: Path, tokenizer, model) -> dict:
    parser, engine, emphasis = web_ui(folder)

    def encode(text):
        fake = types.SimpleNamespace(
            tokenize=lambda texts: [tokenizer(each, add_special_tokens=False)["input_ids"] for each in texts],
            chunk_length=75, id_start=49406, id_end=49407, comma_token=tokenizer.convert_tokens_to_ids(",</w>"),
            embeddings=types.SimpleNamespace(find_embedding_at_position=lambda tokens, position: (None, None)))
        rows, ids = [], []
        for chunk in engine.tokenize_line(fake, text)[0]:
            weighing = emphasis()
            weighing.multipliers = torch.tensor([chunk.multipliers])
            weighing.z = model(torch.tensor([chunk.tokens])).last_hidden_state
            weighing.after_transformers()
            rows.append(weighing.z)
            ids.append(chunk.tokens.index(49407))
        return [digest(torch.cat(rows, 1)), ids]

    def runs(text):
        return [["BREAK", None] if run == ["BREAK", -1] else run for run in parser.parse_prompt_attention(text)]

    def composed(text):
        parts, texts, _ = parser.get_multicond_prompt_list([text])
        return [[texts[index], weight] for index, weight in parts[0]]

    return {"emphasis": {text: runs(text) for text in EMPHASIS}, "composed": {text: composed(text) for text in COMPOSED},
            "schedules": {text: parser.get_learned_conditioning_prompt_schedules([text], 5)[0] for text in SCHEDULES},
            "encoded": [[text, *encode(text)] for text in [*CHUNKED, LONG]]}


def compel_part(tokenizer, model) -> dict:
    def parsed(text):
        conjunction = PromptParser().parse_conjunction(text)
        blend = conjunction.prompts[0] if hasattr(conjunction.prompts[0], "normalize_weights") else None
        whole = blend or conjunction
        return [[[[part.text, part.weight] for part in prompt.children] for prompt in whole.prompts], whole.weights,
                blend.normalize_weights if blend else None]

    compel = Compel(tokenizer, model, truncate_long_prompts=False)
    return {"parsed": {text: parsed(text) for text in FRAGMENTS},
            "encoded": [[text, digest(compel(text))] for text in [*ENCODED, LONG_COMPEL]]}


def template_part() -> dict:
    with tempfile.TemporaryDirectory() as folder:
        for name, lines in WILDCARDS.items():
            path = Path(folder) / f"{name}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text("\n".join(lines))
        generator = CombinatorialPromptGenerator(WildcardManager(Path(folder)))
        return {text: sorted(set(generator.generate(text, 1000))) for text in TEMPLATES}


@torch.no_grad()
def main() -> None:
    tokenizer, model = clip_tokenizer(), text_encoder()
    golden = {"a1111": webui_part(Path(sys.argv[1]), tokenizer, model), "compel": compel_part(tokenizer, model),
              "templates": template_part(), "wildcards": WILDCARDS}
    text = json.dumps(golden, ensure_ascii=False, separators=(",", ":"))
    (GOLDEN / "prompts.json").write_text(re.sub(r'(\]\],|\},)(?=")', r"\1\n", text) + "\n")


if __name__ == "__main__":
    main()
