// Reading members of JSON that may hold anything: what is missing or of another type has a default. For `ui`
// data and settings, where a wrong value is no reason to refuse a file.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

namespace weft {

inline const nlohmann::json& read_member(const nlohmann::json& json, const char* key) {
  static const nlohmann::json none;
  if (!json.is_object()) return none;
  const auto found = json.find(key);
  return found == json.end() ? none : *found;
}

inline double read_number(const nlohmann::json& json, const char* key, double otherwise) {
  const nlohmann::json& member = read_member(json, key);
  const double number = member.is_number() ? member.get<double>() : otherwise;
  return std::isfinite(number) ? number : otherwise;
}

inline bool read_bool(const nlohmann::json& json, const char* key, bool otherwise) {
  const nlohmann::json& member = read_member(json, key);
  return member.is_boolean() ? member.get<bool>() : otherwise;
}

inline std::string read_text(const nlohmann::json& json, const char* key, const std::string& otherwise = {}) {
  const nlohmann::json& member = read_member(json, key);
  return member.is_string() ? member.get<std::string>() : otherwise;
}

/// The elements of a list; none if it is something else.
inline const nlohmann::json& read_list(const nlohmann::json& json, const char* key) {
  static const nlohmann::json none = nlohmann::json::array();
  const nlohmann::json& member = read_member(json, key);
  return member.is_array() ? member : none;
}

/// Whole numbers stand in files without a point: 320, not 320.0.
inline nlohmann::json written(double number) {
  constexpr double kExact = 9007199254740992;  // 2^53
  if (number == std::floor(number) && std::abs(number) < kExact) return static_cast<std::int64_t>(number);
  return number;
}

}  // namespace weft
