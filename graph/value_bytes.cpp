// "weft-value 1 TYPE\n", then what the type makes of the value.
#include "graph/value_bytes.h"

#include <fmt/format.h>

#include <cstring>

#include "base/error.h"

namespace weft {
namespace {

constexpr std::string_view kHead = "weft-value 1 ";

NodeError damaged(const std::string& why) {
  return NodeError(fmt::format("these bytes are no value of Weft: {}", why), "make the value again");
}

template <class T>
std::string bytes_of(T number) {
  std::string bytes(sizeof number, '\0');
  std::memcpy(bytes.data(), &number, sizeof number);
  return bytes;
}

template <class T>
Value number_in(std::string_view bytes) {
  T number{};
  if (bytes.size() != sizeof number) throw damaged("a number has another length");
  std::memcpy(&number, bytes.data(), sizeof number);
  return Value::of(number);
}

/// The engine's own types; nothing for others.
std::optional<std::string> encode_plain(const Value& value) {
  if (value.is<bool>()) return std::string(1, value.as<bool>() ? '\1' : '\0');
  if (value.is<std::int64_t>()) return bytes_of(value.as<std::int64_t>());
  if (value.is<double>()) return bytes_of(value.as<double>());
  if (value.is<std::string>()) return value.as<std::string>();
  return std::nullopt;
}

std::optional<Value> decode_plain(std::string_view type, std::string_view bytes) {
  if (type == "int") return number_in<std::int64_t>(bytes);
  if (type == "float") return number_in<double>(bytes);
  if (type == "string") return Value::of(std::string(bytes));
  if (type != "bool") return std::nullopt;
  if (bytes.size() != 1 || static_cast<unsigned char>(bytes[0]) > 1) throw damaged("it is neither true nor false");
  return Value::of(bytes[0] == '\1');
}

const ValueType& require_type(const Registry& registry, std::string_view type) {
  if (const ValueType* known = registry.find_type(type)) return *known;
  throw PluginError(fmt::format("no plugin brings the value type '{}'", type), "install the plugin that does");
}

}  // namespace

std::optional<std::string> to_bytes(const Registry& registry, const Value& value) {
  if (!value) return std::nullopt;
  std::optional<std::string> body = encode_plain(value);
  if (!body) {
    const ValueType& type = require_type(registry, value.type());
    if (!type.encode) return std::nullopt;
    body = type.encode(value);
  }
  return fmt::format("{}{}\n", kHead, value.type()) + *body;
}

Value from_bytes(const Registry& registry, std::string_view bytes) {
  constexpr std::size_t kLongestType = 200;
  if (!bytes.starts_with(kHead)) throw damaged("they begin with something else");
  bytes.remove_prefix(kHead.size());
  const std::size_t end = bytes.substr(0, kLongestType).find('\n');
  if (end == std::string_view::npos) throw damaged("they do not say their type");
  const std::string_view type = bytes.substr(0, end), body = bytes.substr(end + 1);
  if (std::optional<Value> plain = decode_plain(type, body)) return *std::move(plain);
  const ValueType& known = require_type(registry, type);
  if (!known.decode) throw NodeError(fmt::format("values of the type '{}' cannot be read from bytes", type));
  Value value = known.decode(body);
  if (value.type() != type) throw damaged(fmt::format("'{}' gave a value of another type", type));
  return value;
}

}  // namespace weft
