// text.concatenate, .replace, .substring, .length, .trim, .contains, .compare, .case: texts from texts.
#include <algorithm>

#include "nodes/sd/text/code_points.h"
#include "nodes/sd/text/letter_case.h"
#include "nodes/value/nodes.h"

namespace weft::value {
namespace {

constexpr std::size_t kLongest = 64 << 20;  // bytes of a text that is made here

class Concatenate final : public Node {
  Param<std::string> first_{*this, "first", {.widget = Widget::Text, .tip = "a text"}};
  Param<std::string> second_{*this, "second", {.widget = Widget::Text, .tip = "what follows it"}};
  Param<std::string> delimiter_{*this, "delimiter", {.tip = "what stands between them"}};
  Output<std::string> text_{*this, "text", {.tip = "all in a row"}};

  void run(RunContext& ctx) const override { ctx.set(text_, ctx[first_] + ctx[delimiter_] + ctx[second_]); }
};

class Replace final : public Node {
  Param<std::string> string_{*this, "text", {.widget = Widget::Text, .tip = "a text"}};
  Param<std::string> find_{*this, "find", {.widget = Widget::Text, .tip = "what is replaced, wherever it stands"}};
  Param<std::string> replace_{*this, "replace", {.widget = Widget::Text, .tip = "what takes its place"}};
  Output<std::string> text_{*this, "text", {.tip = "the new text"}};

  void run(RunContext& ctx) const override {
    const std::string text = ctx[string_], find = ctx[find_], by = ctx[replace_];
    std::string result;
    std::size_t at = 0;
    const auto append = [&](std::string_view part) {
      result += part;
      if (result.size() > kLongest) throw NodeError("the text becomes longer than 64 MiB", "replace by less");
    };
    for (std::size_t place; (place = text.find(find, at)) != std::string::npos && place < text.size();) {
      // An empty text stands before each character.
      const std::size_t step = find.empty() ? character(text, place) : find.size();
      append(std::string_view(text).substr(at, place - at));
      append(by);
      if (find.empty()) append(std::string_view(text).substr(place, step));
      at = place + step;
    }
    append(std::string_view(text).substr(at));
    if (find.empty()) append(by);
    ctx.set(text_, std::move(result));
  }

  static std::size_t character(const std::string& text, std::size_t at) {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    return end - at;
  }
};

class Substring final : public Node {
  Param<std::string> string_{*this, "text", {.widget = Widget::Text, .tip = "a text"}};
  Param<std::int64_t> start_{
      *this, "start", {.tip = "the first character; the text's first is 0, negative ones count from its end"}};
  Param<std::int64_t> end_{*this, "end", {.tip = "the first character that is left out"}};
  Output<std::string> text_{*this, "text", {.tip = "that part of it"}};

  void run(RunContext& ctx) const override {
    const sd::CodePoints points = sd::decode_utf8(ctx[string_]);
    const auto size = static_cast<std::int64_t>(points.size());
    const auto place = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size); };
    std::string result;
    for (std::int64_t i = place(ctx[start_]); i < place(ctx[end_]); ++i)
      sd::append_utf8(result, points[static_cast<std::size_t>(i)]);
    ctx.set(text_, std::move(result));
  }
};

class Length final : public Node {
  Param<std::string> string_{*this, "text", {.widget = Widget::Text, .tip = "a text"}};
  Output<std::int64_t> length_{*this, "length", {.tip = "how many characters it has"}};

  void run(RunContext& ctx) const override {
    ctx.set(length_, static_cast<std::int64_t>(sd::decode_utf8(ctx[string_]).size()));
  }
};

class Trim final : public Node {
  Param<std::string> string_{*this, "text", {.widget = Widget::Text, .tip = "a text"}};
  Param<std::string> mode_{
      *this, "mode", {.init = "Both", .choices = {"Both", "Left", "Right"}, .tip = "where spaces are taken away"}};
  Output<std::string> text_{*this, "text", {.tip = "without spaces and line ends there"}};

  void run(RunContext& ctx) const override {
    const sd::CodePoints points = sd::decode_utf8(ctx[string_]);
    const std::string mode = ctx[mode_];
    std::size_t begin = 0, end = points.size();
    while (mode != "Right" && begin < end && sd::is_white(points[begin])) ++begin;
    while (mode != "Left" && end > begin && sd::is_white(points[end - 1])) --end;
    std::string result;
    for (std::size_t i = begin; i < end; ++i) sd::append_utf8(result, points[i]);
    ctx.set(text_, std::move(result));
  }
};

std::string folded(const std::string& text, bool case_sensitive) {
  return case_sensitive ? text : sd::in_case(text, sd::LetterCase::Lower);
}

class Contains final : public Node {
  Param<std::string> string_{*this, "text", {.widget = Widget::Text, .tip = "a text"}};
  Param<std::string> part_{*this, "part", {.widget = Widget::Text, .tip = "what is looked for in it"}};
  Param<bool> case_{*this, "case_sensitive", {.init = true, .tip = "whether A is another letter than a"}};
  Output<bool> contains_{*this, "contains", {.tip = "whether it stands there"}};

  void run(RunContext& ctx) const override {
    const bool exact = ctx[case_];
    ctx.set(contains_, folded(ctx[string_], exact).find(folded(ctx[part_], exact)) != std::string::npos);
  }
};

class Compare final : public Node {
  Param<std::string> first_{*this, "first", {.widget = Widget::Text, .tip = "a text"}};
  Param<std::string> second_{*this, "second", {.widget = Widget::Text, .tip = "what it is compared with"}};
  Param<std::string> mode_{*this, "mode",
      {.init = "Starts With", .choices = {"Starts With", "Ends With", "Equal"}, .tip = "what is asked of the first"}};
  Param<bool> case_{*this, "case_sensitive", {.init = true, .tip = "whether A is another letter than a"}};
  Output<bool> result_{*this, "result", {.tip = "whether it is so"}};

  void run(RunContext& ctx) const override {
    const std::string a = folded(ctx[first_], ctx[case_]), b = folded(ctx[second_], ctx[case_]), mode = ctx[mode_];
    ctx.set(result_, mode == "Equal" ? a == b : mode == "Starts With" ? a.starts_with(b) : a.ends_with(b));
  }
};

class Case final : public Node {
  Param<std::string> string_{*this, "text", {.widget = Widget::Text, .tip = "a text"}};
  Param<std::string> mode_{*this, "mode",
      {.init = "UPPERCASE",
          .choices = {"UPPERCASE", "lowercase", "Capitalize", "Title Case"},
          .tip = "which letters become capitals"}};
  Output<std::string> text_{*this, "text", {.tip = "the same words"}};

  void run(RunContext& ctx) const override {
    const std::string mode = ctx[mode_];
    ctx.set(text_,
        sd::in_case(ctx[string_],
            mode == "UPPERCASE"        ? sd::LetterCase::Upper
                : mode == "lowercase"  ? sd::LetterCase::Lower
                : mode == "Capitalize" ? sd::LetterCase::Sentence
                                       : sd::LetterCase::Title));
  }
};

std::vector<ForeignClass> comfyui(const char* name, std::vector<ForeignInput> inputs, const char* output = "text") {
  return {{.program = "comfyui", .name = name, .inputs = std::move(inputs), .outputs = {output}}};
}

}  // namespace

void add_text(Registry& registry) {
  constexpr const char* kMenu = "Values/Text";
  const ForeignInput text("string", "text"), first("string_a", "first"), second("string_b", "second");
  registry.add<Concatenate>("text.concatenate",
      {.title = "Concatenate Text",
          .menu = kMenu,
          .doc = "One text behind the other.",
          .foreign = comfyui("StringConcatenate", {first, second, "delimiter"})});
  registry.add<Replace>("text.replace",
      {.title = "Replace in Text",
          .menu = kMenu,
          .doc = "Puts a text in place of another, wherever that stands.",
          .foreign = comfyui("StringReplace", {text, "find", "replace"})});
  registry.add<Substring>("text.substring",
      {.title = "Part of Text",
          .menu = kMenu,
          .doc = "The characters from one place up to another.",
          .foreign = comfyui("StringSubstring", {text, "start", "end"})});
  registry.add<Length>("text.length",
      {.title = "Length of Text",
          .menu = kMenu,
          .doc = "Counts the characters of a text.",
          .foreign = comfyui("StringLength", {text}, "length")});
  registry.add<Trim>("text.trim",
      {.title = "Trim Text",
          .menu = kMenu,
          .doc = "Takes spaces away from the ends of a text.",
          .foreign = comfyui("StringTrim", {text, "mode"})});
  registry.add<Contains>("text.contains",
      {.title = "Text Contains",
          .menu = kMenu,
          .doc = "Whether a text stands in another.",
          .foreign = comfyui("StringContains", {text, {"substring", "part"}, "case_sensitive"}, "contains")});
  registry.add<Compare>("text.compare",
      {.title = "Compare Texts",
          .menu = kMenu,
          .doc = "Whether texts are equal, or one begins or ends with the other.",
          .foreign = comfyui("StringCompare", {first, second, "mode", "case_sensitive"}, "result")});
  registry.add<Case>("text.case",
      {.title = "Letter Case",
          .menu = kMenu,
          .doc = "Capitals or small letters.",
          .foreign = comfyui("CaseConverter", {text, "mode"})});
}

}  // namespace weft::value
