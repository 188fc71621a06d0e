#include "base/strict_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/c_locale.h"
#include "base/json_builder.h"
#include "base/utf8.h"

namespace weft {
namespace {

using Json = nlohmann::ordered_json;

class Writer {
 public:
  Writer(std::size_t structure, NestedStructure nested) : structure_(structure), nested_(nested) {}

  std::string text(const Json& json) {
    write(json, 0);
    out_ += '\n';
    return std::move(out_);
  }

 private:
  static constexpr std::size_t kColumns = 100;

  [[noreturn]] void refuse(std::string what) const {
    std::string pointer;
    for (const std::string& step : path_) pointer += step;
    throw GraphError(Problem{.what = fmt::format("cannot be written: at '{}': {}", printable(pointer), what)});
  }

  void check_depth(std::size_t depth) const {
    if (depth >= kMaxJsonDepth) refuse(fmt::format("nested deeper than {} levels", kMaxJsonDepth));
  }

  std::string quoted(const std::string& text) const {
    if (!is_utf8(text)) refuse("the text is not valid UTF-8");
    return Json(text).dump();
  }

  std::string scalar(const Json& json) const {
    if (json.is_string()) return quoted(json.get_ref<const std::string&>());
    if (json.is_number_float() && !std::isfinite(json.get<double>())) refuse("the number is not finite");
    return json.dump();
  }

  static bool holds_containers(const Json& json) {
    return std::ranges::any_of(json, [](const Json& member) { return member.is_structured() && !member.empty(); });
  }

  /// On one line; stops early when that becomes longer than a line may be.
  void write_inline(const Json& json, std::size_t depth, std::string& line) const {
    if (!json.is_structured()) {
      line += scalar(json);
      return;
    }
    check_depth(depth);
    line += json.is_array() ? '[' : '{';
    const char* separator = "";
    for (const auto& [key, member] : json.items()) {
      line += std::exchange(separator, ", ");
      if (json.is_object()) line += quoted(key) + ": ";
      write_inline(member, depth + 1, line);
      if (line.size() > kColumns) return;
    }
    line += json.is_array() ? ']' : '}';
  }

  void write(const Json& json, std::size_t depth) {
    if (!json.is_structured() || depth >= structure_ || !holds_containers(json)) {
      std::string line;
      write_inline(json, depth, line);
      const std::size_t column = out_.size() - (out_.rfind('\n') + 1);
      if (!json.is_structured() || json.empty() || column + line.size() < kColumns) {
        out_ += line;
        return;
      }
    }
    check_depth(depth);
    out_ += json.is_array() ? '[' : '{';
    const char* separator = "\n";
    for (const auto& [key, member] : json.items()) {
      out_ += std::exchange(separator, ",\n");
      out_.append(2 * (depth + 1), ' ');
      path_.push_back(pointer_step(key));
      if (json.is_object()) out_ += quoted(key) + ": ";
      const std::size_t deeper = depth == 0 && key == nested_.key ? nested_.levels : 0;
      structure_ += deeper;
      write(member, depth + 1);
      structure_ -= deeper;
      path_.pop_back();
    }
    out_ += '\n';
    out_.append(2 * depth, ' ');
    out_ += json.is_array() ? ']' : '}';
  }

  std::size_t structure_;
  const NestedStructure nested_;
  std::string out_;
  std::vector<std::string> path_;
};

}  // namespace

Json read_json(std::string_view text, const std::string& source) {
  const CLocale locale;  // the parser takes the decimal point of the thread's
  const std::string utf8 = from_utf16(text);
  JsonBuilder<Json> builder(utf8, source, kMaxJsonDepth);
  if (builder.takes(utf8)) Json::sax_parse(utf8, &builder);
  return builder.result();
}

std::string write_json(const Json& json, std::size_t structure, NestedStructure nested) {
  return Writer(structure, nested).text(json);
}

std::string pointer_step(std::string_view key) {
  std::string step = "/";
  for (const char c : key) {
    if (c == '~')
      step += "~0";
    else if (c == '/')
      step += "~1";
    else
      step += c;
  }
  return step;
}

}  // namespace weft
