#include "nodes/value/any_value.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace weft::value {

std::string python_text(double number) {
  std::string text = fmt::format("{}", number);  // the shortest that reads the same
  if (std::isfinite(number) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::optional<std::string> python_text(const Value& value) {
  if (value.is<std::string>()) return value.as<std::string>();
  if (value.is<bool>()) return value.as<bool>() ? "True" : "False";
  if (value.is<std::int64_t>()) return std::to_string(value.as<std::int64_t>());
  if (value.is<double>()) return python_text(value.as<double>());
  return std::nullopt;
}

}  // namespace weft::value
