// A 128-bit hash of content: what cache keys are made of. The same on every run and machine of one byte
// order. Made for honest data: it has no defence against somebody who looks for collisions.
#pragma once

#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

namespace weft {

struct ContentHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const ContentHash&) const = default;
};

/// Takes words, texts and JSON in order. Texts count with their length and JSON with its types, so that ("ab", "c") and
/// ("a", "bc"), or 1 and true and "1", differ.
class ContentHasher {
 public:
  ContentHasher& add(std::uint64_t word) {
    word = mixed(word + ++count_ * 0x9e3779b97f4a7c15u);
    high_ = std::rotl(high_ ^ word, 27) * 0x9fb21c651e98df25u + low_;
    low_ = (std::rotl(low_ + word, 31) * 0xd6e8feb86659fd93u) ^ high_;
    return *this;
  }

  ContentHasher& add(const ContentHash& hash) { return add(hash.high).add(hash.low); }

  ContentHasher& add(std::string_view text) {
    add(text.size());
    for (; text.size() >= 8; text.remove_prefix(8)) add(word_of(text.substr(0, 8)));
    return text.empty() ? *this : add(word_of(text));
  }

  ContentHasher& add(const nlohmann::json& json) {
    using Type = nlohmann::json::value_t;
    // A whole number is the same number whichever integer type the parser chose for it.
    const Type type = json.is_number_integer() ? Type::number_integer : json.type();
    add(static_cast<std::uint64_t>(type));
    switch (type) {
      case Type::object:
        add(json.size());
        for (const auto& [key, member] : json.items()) add(std::string_view(key)).add(member);
        return *this;
      case Type::array:
        add(json.size());
        for (const auto& element : json) add(element);
        return *this;
      case Type::string:
        return add(std::string_view(json.get_ref<const std::string&>()));
      case Type::boolean:
        return add(std::uint64_t{json.get<bool>()});
      case Type::number_integer:
        return add(json.get<std::uint64_t>());
      case Type::number_float:
        return add(std::bit_cast<std::uint64_t>(json.get<double>()));
      default:
        return *this;
    }
  }

  ContentHash result() const {
    const std::uint64_t high = mixed(high_ ^ count_);
    return {.high = high, .low = mixed(low_ + high)};
  }

 private:
  static std::uint64_t word_of(std::string_view bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), bytes.size());
    return word;
  }

  /// A bijection that spreads every bit over the whole word.
  static std::uint64_t mixed(std::uint64_t word) {
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
    return word ^ (word >> 31);
  }

  std::uint64_t high_ = 0x6a09e667f3bcc908u;
  std::uint64_t low_ = 0xbb67ae8584caa73bu;
  std::uint64_t count_ = 0;
};

}  // namespace weft
