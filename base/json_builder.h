// JsonBuilder: makes a value of what nlohmann's parser finds, and says where the text is wrong. Used by the readers of
// our own files (strict_json.h) and of others' (foreign_json.h), which differ in what they let pass: an
// ordered_json is built strictly.
//
// Rationale. Values are copied, written and compared by recursion, so a value that is nested without end ends the
// stack. None comes to be: the depth is bounded where text becomes a value.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/strict_json.h"
#include "base/utf8.h"

namespace weft {

/// Receives what nlohmann's parser finds (which does not recurse) and builds the value.
template <class Json>
class JsonBuilder {
 public:
  static constexpr bool kStrict = std::is_same_v<Json, nlohmann::ordered_json>;

  using number_integer_t = typename Json::number_integer_t;
  using number_unsigned_t = typename Json::number_unsigned_t;
  using number_float_t = typename Json::number_float_t;
  using string_t = typename Json::string_t;
  using binary_t = typename Json::binary_t;

  /// Both are borrowed.
  JsonBuilder(std::string_view text, const std::string& source, std::size_t depth)
      : text_(text), source_(source), depth_(depth) {}

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(number_integer_t value) { return put(value); }
  bool number_unsigned(number_unsigned_t value) { return put(value); }
  bool number_float(number_float_t value, const string_t& token) {
    if (kStrict && token.find_first_of(".eE") == std::string::npos)
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
    if constexpr (kStrict)
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

  /// Whether the parser may see it: it takes a zero byte for the end of its text, and would let pass what comes behind.
  bool takes(std::string_view text) {
    const std::size_t zero = text.find('\0');
    if (zero == std::string_view::npos) return true;
    problems_.push_back({.what = fmt::format("{} is not JSON: byte {} is a zero", source_, zero + 1)});
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
      const auto& object = json->template get_ref<const typename Json::object_t&>();
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
    problems_.push_back(
        {.what = fmt::format("{}: at '{}': {}", source_, printable(pointer()), what), .remedy = std::move(remedy)});
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
    auto& object = level.json->template get_ref<typename Json::object_t&>();
    if constexpr (kStrict) {
      // Straight into the vector under the ordered object: its own insertion compares all keys each time.
      auto& members = static_cast<std::vector<std::pair<const std::string, Json>>&>(object);
      members.emplace_back(level.key, std::move(value));
      return &members.back().second;
    } else {
      return &object.insert_or_assign(level.key, std::move(value)).first->second;
    }
  }

  bool put(Json value) {
    add(std::move(value));
    return true;
  }

  bool open(Json container) {
    if (levels_.size() == depth_) {
      problems_.push_back(
          {.what = fmt::format("{} is nested deeper than {} levels", source_, depth_), .remedy = "make it flatter"});
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
  const std::size_t depth_;
  Json root_;
  std::vector<Level> levels_;
  std::vector<Problem> problems_;
};

}  // namespace weft
