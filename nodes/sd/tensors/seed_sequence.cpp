#include "nodes/sd/tensors/seed_sequence.h"

namespace weft::sd {
namespace {

/// The hash of SeedSequence: its constant changes with every use.
class Hash {
 public:
  Hash(std::uint32_t init, std::uint32_t multiplier) : constant_(init), multiplier_(multiplier) {}

  std::uint32_t operator()(std::uint32_t value) {
    value ^= constant_;
    constant_ *= multiplier_;
    value *= constant_;
    return value ^ (value >> 16);
  }

 private:
  std::uint32_t constant_, multiplier_;
};

std::uint32_t mix(std::uint32_t x, std::uint32_t y) {
  const std::uint32_t mixed = 0xca01f9ddu * x - 0x4973f715u * y;
  return mixed ^ (mixed >> 16);
}

/// Appends the 32-bit words of an integer, least significant first; zero has one word.
void append_words(std::vector<std::uint32_t>& words, std::uint64_t value) {
  do {
    words.push_back(static_cast<std::uint32_t>(value));
    value >>= 32;
  } while (value != 0);
}

}  // namespace

std::vector<std::uint32_t> seed_sequence_words(
    std::uint64_t entropy, std::span<const std::uint64_t> spawn_key, std::size_t pool_size, std::size_t count) {
  std::vector<std::uint32_t> words;
  append_words(words, entropy);
  if (!spawn_key.empty()) words.resize(pool_size);  // keeps (entropy, key) apart from (longer entropy)
  for (std::uint64_t key : spawn_key) append_words(words, key);

  std::vector<std::uint32_t> pool(pool_size);
  Hash hash(0x43b0d7e5u, 0x931e8875u);
  for (std::size_t i = 0; i < pool_size; ++i) pool[i] = hash(i < words.size() ? words[i] : 0);
  for (std::size_t source = 0; source < pool_size; ++source) {
    for (std::size_t target = 0; target < pool_size; ++target) {
      if (source != target) pool[target] = mix(pool[target], hash(pool[source]));
    }
  }
  for (std::size_t source = pool_size; source < words.size(); ++source) {
    for (std::uint32_t& target : pool) target = mix(target, hash(words[source]));
  }
  Hash out(0x8b51f9ddu, 0x58f38dedu);
  std::vector<std::uint32_t> state(count);
  for (std::size_t i = 0; i < count; ++i) state[i] = out(pool[i % pool_size]);
  return state;
}

}  // namespace weft::sd
