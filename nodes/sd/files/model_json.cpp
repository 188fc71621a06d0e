#include "nodes/sd/files/model_json.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/foreign_json.h"
#include "base/text_file.h"
#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t kLargest = 1'000'000;  // of numbers that networks are made of
constexpr std::size_t kShownValue = 80;  // bytes of a wrong value that a message repeats

std::string shown(const json& value) {
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true);
  if (text.size() > kShownValue) text = text.substr(0, kShownValue) + "...";
  return text;
}

}  // namespace

json parse_model_json(std::string_view text, const std::string& origin) {
  const auto read = [&] {
    try {
      return read_foreign_json(text, "it");
    } catch (const GraphError& error) {
      throw ModelError(origin, error.problems().front().what, "download it again");
    }
  };
  json values = read();
  if (!values.is_object()) throw ModelError(origin, "is not a JSON object", "download it again");
  return values;
}

json read_model_json(const fs::path& path) {
  if (std::error_code error; !fs::exists(path, error))
    throw ModelError(path.string(), "cannot be opened", "download the whole folder");
  try {
    return parse_model_json(read_text_file(path), path.string());
  } catch (const GraphError& error) {  // too large
    throw ModelError(path.string(), error.problems().front().what, "download it again");
  }
}

ConfigFile::ConfigFile(const fs::path& path) : origin_(path.string()), exists_(fs::exists(path)) {
  if (exists_) values_ = read_model_json(path);
}

const json& ConfigFile::operator[](std::string_view key) const {
  static const json kMissing;
  const auto found = values_.find(key);
  return found == values_.end() ? kMissing : *found;
}

std::optional<std::int64_t> ConfigFile::integer(const char* key) const {
  const json* value = &(*this)[key];
  if (value->is_null()) return std::nullopt;
  if (value->is_array()) {
    for (const json& item : *value)
      if (item != value->front()) fail(key, "the same on every level (other models are not supported yet)");
    if (value->empty()) fail(key, "a number");
    value = &value->front();
  }
  if (!value->is_number_integer()) fail(key, "a whole number");
  if (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX) fail(key, "a smaller number");
  return positive(origin_, key, value->get<std::int64_t>());
}

std::optional<double> ConfigFile::real(const char* key) const {
  const json& value = (*this)[key];
  if (value.is_null()) return std::nullopt;
  if (!value.is_number()) fail(key, "a number");
  return value.get<double>();
}

std::optional<bool> ConfigFile::boolean(const char* key) const {
  const json& value = (*this)[key];
  if (value.is_null()) return std::nullopt;
  if (!value.is_boolean()) fail(key, "true or false");
  return value.get<bool>();
}

std::optional<std::string> ConfigFile::text(const char* key) const {
  const json& value = (*this)[key];
  if (value.is_null()) return std::nullopt;
  if (!value.is_string()) fail(key, "a text");
  return value.get<std::string>();
}

std::vector<std::string> ConfigFile::texts(const char* key) const {
  const json& value = (*this)[key];
  std::vector<std::string> result;
  if (value.is_null()) return result;
  if (!value.is_array()) fail(key, "a list of texts");
  for (const json& item : value) {
    if (!item.is_string()) fail(key, "a list of texts");
    result.push_back(item.get<std::string>());
  }
  return result;
}

std::vector<double> ConfigFile::reals(const char* key) const {
  const json& value = (*this)[key];
  std::vector<double> result;
  if (value.is_null()) return result;
  if (!value.is_array()) fail(key, "a list of numbers");
  for (const json& row : value) {
    for (const json& item : row.is_array() ? row : json::array({row})) {
      if (!item.is_number()) fail(key, "a list of numbers");
      result.push_back(item.get<double>());
    }
  }
  return result;
}

void ConfigFile::fail(std::string_view key, const std::string& wanted) const {
  throw ModelError(origin_, fmt::format("{} is {}", key, shown((*this)[key])), fmt::format("it must be {}", wanted));
}

std::int64_t positive(const std::string& origin, const std::string& key, std::int64_t value) {
  if (value > 0 && value <= kLargest) return value;
  throw ModelError(
      origin, fmt::format("{} is {}", key, value), fmt::format("it must be a positive number, {} at most", kLargest));
}

}  // namespace weft::sd
