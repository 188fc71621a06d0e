// text.format: values in a text.
#include <fmt/format.h>

#include <algorithm>

#include "nodes/value/any_value.h"
#include "nodes/value/nodes.h"

namespace weft::value {
namespace {

constexpr std::size_t kLongest = 1 << 20;  // bytes of the result

/// "1234567.5" -> "1,234,567.5"
std::string grouped(std::string digits, char separator) {
  std::size_t begin = 0;
  while (begin < digits.size() && (digits[begin] < '0' || digits[begin] > '9')) ++begin;
  std::size_t end = begin;
  while (end < digits.size() && digits[end] >= '0' && digits[end] <= '9') ++end;
  for (std::size_t at = end; at > begin + 3;) digits.insert(at -= 3, 1, separator);
  return digits;
}

/// Python's format specification, "[[fill]align][sign][#][0][width][grouping][.precision][type]".
struct Specification {
  std::string text;  ///< as fmt has it, without grouping
  std::size_t width = 0;
  char grouping = '\0';
  char type = '\0';
};

Specification parsed(const std::string& written) {
  Specification result;
  std::string_view rest = written;
  std::size_t fill = 0;  // bytes of the filling character
  if (!rest.empty()) {
    fill = 1;
    while (fill < rest.size() && (static_cast<unsigned char>(rest[fill]) & 0xC0) == 0x80) ++fill;
    const auto is_align = [&](std::size_t at) {
      return at < rest.size() && std::string_view("<>^").find(rest[at]) != std::string_view::npos;
    };
    fill = is_align(fill) ? fill + 1 : is_align(0) ? 1 : 0;
  }
  rest.remove_prefix(fill);
  result.text = written.substr(0, fill);
  for (const char c : rest) {
    if (c == ',' || c == '_')
      result.grouping = c;
    else
      result.text += c;
  }
  std::size_t digits = rest.find_first_not_of("+- #");
  for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
    result.width = result.width * 10 + static_cast<std::size_t>(rest[digits] - '0');
    if (result.width > kLongest) throw NodeError("a width in the text is too large", "give a smaller one");
  }
  if (!rest.empty() &&
      ((rest.back() >= 'a' && rest.back() <= 'z') || (rest.back() >= 'A' && rest.back() <= 'Z') || rest.back() == '%'))
    result.type = rest.back();
  return result;
}

template <class T>
std::string with(const Specification& spec, const T& value) {
  if (spec.grouping == '\0') return fmt::format(fmt::runtime("{:" + spec.text + "}"), value);
  if (spec.width > 0) throw NodeError("a width together with , or _ is not known here", "leave one of them out");
  return grouped(fmt::format(fmt::runtime("{:" + spec.text + "}"), value), spec.grouping);
}

std::string formatted(const Value& value, const std::string& name, const std::string& written) {
  const auto text = python_text(value);
  if (!text)
    throw NodeError(
        fmt::format("'{}' cannot be written as text: its type is '{}'", name, value.type()), "link a number or a text");
  if (written.empty()) return *text;
  Specification spec = parsed(written);
  try {
    const bool real_type = spec.type != '\0' && std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos;
    const bool is_number = value.is<double>() || value.is<std::int64_t>() || value.is<bool>();
    if (!is_number) return with(spec, *text);
    if (!real_type && !value.is<double>())
      return with(spec, value.is<bool>() ? static_cast<std::int64_t>(value.as<bool>()) : value.as<std::int64_t>());
    const double number = value.is<double>() ? value.as<double>()
        : value.is<bool>()                   ? static_cast<double>(value.as<bool>())
                                             : static_cast<double>(value.as<std::int64_t>());
    if (spec.type != '%') return with(spec, number);
    if (spec.width > 0) throw NodeError("a width together with % is not known here", "leave one of them out");
    spec.text.back() = 'f';
    return with(spec, number * 100) + "%";
  } catch (const fmt::format_error& error) {
    throw NodeError(fmt::format("'{{{}:{}}}' cannot be written so: {}", name, written, error.what()),
        "write it as Python does, such as {a:.2f} or {a:05d}");
  }
}

class Format final : public Node {
  Param<std::string> text_{*this, "text",
      {.init = "{a}",
          .widget = Widget::Text,
          .tip = "{a} stands for the value a, {a:.2f} for it with two decimals, {{ for a bracket"}};
  NamedInputs inputs_{*this, "a number or text, by this name in the text"};
  Output<std::string> result_{*this, "text", {.tip = "the text with the values in it"}};

  void run(RunContext& ctx) const override {
    const auto values = inputs_.linked(ctx);
    const std::string text = ctx[text_];
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const bool doubled = i + 1 < text.size() && text[i + 1] == text[i];
      if ((text[i] != '{' && text[i] != '}') || doubled) {
        if ((text[i] == '{' || text[i] == '}') && doubled) ++i;
        result += text[i];
        continue;
      }
      const std::size_t close = text.find('}', i);
      const auto where = [&] { return fmt::format("text, column {}: ", i + 1); };
      if (text[i] == '}') throw NodeError(where() + "} closes nothing", "write }} for the sign itself");
      if (close == std::string::npos) throw NodeError(where() + "{ is never closed", "write {{ for the sign itself");
      const std::string field = text.substr(i + 1, close - i - 1);
      const std::size_t colon = std::min(field.find(':'), field.size());
      std::string name = field.substr(0, colon);
      if (name.ends_with("!s")) name.resize(name.size() - 2);
      const auto found = std::ranges::find(values, name, [](const auto& value) { return value.first; });
      if (found == values.end())
        throw NodeError(
            where() + fmt::format("nothing is linked to '{}'", name), "link a value, or write {{ for the sign itself");
      result += formatted(found->second, name, colon < field.size() ? field.substr(colon + 1) : "");
      if (result.size() > kLongest) throw NodeError("the text becomes longer than 1 MiB", "shorten it");
      i = close;
    }
    ctx.set(result_, std::move(result));
  }
};

}  // namespace

void add_format(Registry& registry) {
  std::vector<ForeignInput> inputs;
  NamedInputs::add_foreign(inputs);
  inputs.emplace_back("f_string", "text");
  registry.add<Format>("text.format",
      {.title = "Format Text",
          .menu = "Values/Text",
          .doc = "Puts linked values into a text, in Python's notation.",
          .foreign = {
              {.program = "comfyui", .name = "StringFormat", .inputs = std::move(inputs), .outputs = {"text"}}}});
}

}  // namespace weft::value
