#include "nodes/sd/families/config_keys.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/foreign_json.h"

namespace weft::sd {
namespace {

using nlohmann::json;

bool makes_a_difference(const json& value, const KeyRule& rule) {
  if (value.is_null()) return false;
  // A list says it level by level.
  if (value.is_array() && !value.empty())
    return std::ranges::any_of(value, [&](const json& item) { return makes_a_difference(item, rule); });
  return std::ranges::none_of(
      rule.same, [&](std::string_view same) { return !same.empty() && value == foreign_json_or_null(same); });
}

std::string wanted(const KeyRule& rule) {
  if (rule.same[0].empty()) return "null: models that have it are not supported";
  std::string values;
  for (const std::string_view same : rule.same)
    if (!same.empty()) values += fmt::format("{}{}", values.empty() ? "" : " or ", same);
  return values + ": models of the other kinds are not supported";
}

}  // namespace

std::vector<std::string> other_values(const ConfigFile& file, std::span<const KeyRule> rules) {
  std::vector<std::string> keys;
  for (const KeyRule& rule : rules)
    if (makes_a_difference(file[rule.key], rule)) keys.emplace_back(rule.key);
  return keys;
}

void require_values(const ConfigFile& file, std::span<const KeyRule> rules) {
  for (const KeyRule& rule : rules)
    if (makes_a_difference(file[rule.key], rule)) file.fail(rule.key, wanted(rule));
}

}  // namespace weft::sd
