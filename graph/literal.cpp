// A literal of a workflow as the value of a param: the types, the range, the choices.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "base/colour.h"
#include "base/spelling.h"
#include "base/utf8.h"
#include "graph/validate.h"

namespace weft {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;

[[noreturn]] void refuse(const PortInfo& port, std::string what, std::string remedy) {
  throw GraphError(Problem{.port = port.name, .what = std::move(what), .remedy = std::move(remedy)});
}

std::string shown(const nlohmann::json& literal) {
  constexpr std::size_t kLongest = 60;
  std::string text = literal.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > kLongest) text = printable(std::string_view(text).substr(0, kLongest)) + "...";
  return text;
}

std::string range_of(const PortInfo& port) {
  if (port.min && port.max) return fmt::format("give a value from {} to {}", *port.min, *port.max);
  return port.min ? fmt::format("give {} or more", *port.min) : fmt::format("give {} or less", *port.max);
}

template <class Number>
void check_range(const PortInfo& port, Number number) {
  // long double holds all 64-bit numbers exactly, and all doubles.
  if (port.min && static_cast<long double>(number) < *port.min)
    refuse(port, fmt::format("the value is {}, the least is {}", number, *port.min), range_of(port));
  if (port.max && static_cast<long double>(number) > *port.max)
    refuse(port, fmt::format("the value is {}, the most is {}", number, *port.max), range_of(port));
}

[[noreturn]] void refuse_type(const PortInfo& port, const nlohmann::json& literal, const std::string& wanted) {
  refuse(port, fmt::format("the value is {}, not {}", shown(literal), wanted), "give " + wanted);
}

Value seed_value(const PortInfo& port, const nlohmann::json& literal) {
  const auto wanted = "a whole number from 0 to 18446744073709551615";
  std::uint64_t seed = 0;
  if (literal.is_number_float()) {
    const double number = literal.get<double>();
    if (!(number >= 0 && number < 2 * kTwoTo63) || number != std::floor(number)) refuse_type(port, literal, wanted);
    seed = static_cast<std::uint64_t>(number);
  } else {
    const bool negative =
        literal.is_number_integer() && !literal.is_number_unsigned() && literal.get<std::int64_t>() < 0;
    if (!literal.is_number_integer() || negative) refuse_type(port, literal, wanted);
    seed = literal.get<std::uint64_t>();
  }
  check_range(port, seed);
  return Value::of(static_cast<std::int64_t>(seed));
}

Value int_value(const PortInfo& port, const nlohmann::json& literal) {
  std::int64_t number = 0;
  if (literal.is_number_float()) {
    const double given = literal.get<double>();
    if (!(given >= -kTwoTo63 && given < kTwoTo63) || given != std::floor(given))
      refuse_type(port, literal, "a whole number");
    number = static_cast<std::int64_t>(given);
  } else {
    if (!literal.is_number_integer()) refuse_type(port, literal, "a whole number");
    if (literal.is_number_unsigned() && literal.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())
      refuse_type(port, literal, "a whole number of 64 bits with its sign");
    number = literal.get<std::int64_t>();
  }
  check_range(port, number);
  return Value::of(number);
}

Value float_value(const PortInfo& port, const nlohmann::json& literal) {
  if (!literal.is_number() || !std::isfinite(literal.get<double>())) refuse_type(port, literal, "a number");
  const double number = literal.get<double>();
  check_range(port, number);
  return Value::of(number);
}

Value string_value(const PortInfo& port, const nlohmann::json& literal) {
  if (!literal.is_string()) refuse_type(port, literal, "a text");
  const std::string& text = literal.get_ref<const std::string&>();
  if (!is_utf8(text)) refuse(port, "the text is not valid UTF-8", "write it in UTF-8");
  if (!port.choices.empty() && std::ranges::find(port.choices, text) == port.choices.end())
    refuse(port, fmt::format("{} is not among the choices ({})", shown(literal), name_list(port.choices)),
        suggestion(text, port.choices));
  if (port.widget == Widget::Color && !read_colour(text)) refuse_type(port, literal, "a colour such as \"#1a2b3c\"");
  return Value::of(text);
}

}  // namespace

Value literal_value(const PortInfo& port, const nlohmann::json& literal) {
  const nlohmann::json& given = literal.is_null() ? port.init : literal;
  if (port.kind != PortKind::Param)
    refuse(port, fmt::format("a value stands here, the input takes a link of type '{}'", port.type),
        "write {\"link\": \"node.output\"}");
  if (given.is_null()) refuse(port, "there is no value", "give one: it has no default");
  if (port.type == "int") return port.widget == Widget::Seed ? seed_value(port, given) : int_value(port, given);
  if (port.type == "float") return float_value(port, given);
  if (port.type == "string") return string_value(port, given);
  if (!given.is_boolean()) refuse_type(port, given, "true or false");
  return Value::of(given.get<bool>());
}

}  // namespace weft
