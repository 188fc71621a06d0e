#include "graph/strict_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "graph/c_locale.h"
#include "graph/utf8.h"

namespace weft {
namespace {

using Json = nlohmann::ordered_json;

/// Receives what nlohmann's parser finds (which does not recurse) and builds the value.
class Builder {
 public:
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  Builder(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(number_integer_t value) { return put(value); }
  bool number_unsigned(number_unsigned_t value) { return put(value); }
  bool number_float(number_float_t value, const string_t& token) {
    if (token.find_first_of(".eE") == std::string::npos)
      complain(fmt::format("the number {} does not fit into 64 bits", token), "use a smaller one, or text");
    return put(value);
  }
  bool string(string_t& value) { return put(std::move(value)); }
  bool binary(binary_t&) { return false; }  // JSON text has none
  bool start_object(std::size_t) { return open(Json::object()); }
  bool start_array(std::size_t) { return open(Json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(string_t& key) {
    Level& level = levels_.back();
    if (level.has(key))
      complain(fmt::format("the key '{}' stands twice", printable(key)), "remove or rename one of them");
    level.key = std::move(key);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) {
    const std::string_view before = text_.substr(0, position == 0 ? 0 : position - 1);
    const auto line = 1 + std::ranges::count(before, '\n');
    const std::string_view start_of_line = before.substr(before.rfind('\n') + 1);
    const auto column = 1 + std::ranges::count_if(start_of_line, [](char c) { return (c & 0xc0) != 0x80; });
    problems_.push_back({.what = fmt::format("{} is not JSON: line {}, column {}: {}", source_, line, column,
                                             printable(reason(error.what())))});
    return false;
  }

  Json result() {
    if (!problems_.empty()) throw GraphError(std::move(problems_));
    return std::move(root_);
  }

 private:
  /// A list or object that is not finished. Many keys are looked up in a set, few one by one.
  struct Level {
    Json* json;
    std::string key = {};
    std::unordered_set<std::string> seen = {};

    bool has(const std::string& name) {
      constexpr std::size_t kFew = 12;
      const Json::object_t& object = json->get_ref<const Json::object_t&>();
      if (object.size() < kFew)
        return std::ranges::count(object, name, [](const auto& member) { return member.first; });
      if (seen.empty())
        for (const auto& [other, value] : object) seen.insert(other);
      return !seen.insert(name).second;
    }
  };

  /// "[json.exception...] parse error at line 1, column 2: reason" -> "reason"
  static std::string_view reason(std::string_view what) {
    const std::size_t column = what.find(", column ");
    const std::size_t before = column == std::string_view::npos ? what.find("] ") : what.find(": ", column);
    return before == std::string_view::npos ? what : what.substr(before + 2);
  }

  void complain(std::string what, std::string remedy) {
    problems_.push_back({.what = fmt::format("{}: at '{}': {}", source_, printable(pointer()), what),
                         .remedy = std::move(remedy)});
  }

  std::string pointer() const {
    std::string pointer;
    for (const Level& level : levels_) {
      // What an inner level builds is in its list already; a plain value is not yet.
      const std::size_t index = level.json->size() - (&level == &levels_.back() ? 0 : 1);
      pointer += level.json->is_array() ? fmt::format("/{}", index) : pointer_step(level.key);
    }
    return pointer.empty() ? "/" : pointer;
  }

  /// Adds a value to the open list or object and returns where it stands.
  Json* add(Json value) {
    if (levels_.empty()) return &(root_ = std::move(value));
    Level& level = levels_.back();
    if (level.json->is_array()) {
      level.json->push_back(std::move(value));
      return &level.json->back();
    }
    // Straight into the vector under the ordered object: its own insertion compares all keys each time.
    auto& members =
        static_cast<std::vector<std::pair<const std::string, Json>>&>(level.json->get_ref<Json::object_t&>());
    members.emplace_back(level.key, std::move(value));
    return &members.back().second;
  }

  bool put(Json value) {
    add(std::move(value));
    return true;
  }

  bool open(Json container) {
    if (levels_.size() == kMaxJsonDepth) {
      problems_.push_back({.what = fmt::format("{} is nested deeper than {} levels", source_, kMaxJsonDepth),
                           .remedy = "make it flatter"});
      return false;
    }
    levels_.push_back({add(std::move(container))});
    return true;
  }

  bool close() {
    levels_.pop_back();
    return true;
  }

  std::string_view text_;
  const std::string& source_;
  Json root_;
  std::vector<Level> levels_;
  std::vector<Problem> problems_;
};

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
    throw GraphError(
        Problem{.what = fmt::format("cannot be written: at '{}': {}", printable(pointer), what)});
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
    return std::ranges::any_of(json,
                               [](const Json& member) { return member.is_structured() && !member.empty(); });
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
  Builder builder(text, source);
  Json::sax_parse(text, &builder);
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
