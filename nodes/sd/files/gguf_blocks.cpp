#include "nodes/sd/files/gguf_blocks.h"

#include <c10/util/Half.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace weft::sd {
namespace {

constexpr int kSmall = 32, kLarge = 256;  // values of a block

float half_at(const std::uint8_t* bytes) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, bytes, sizeof bits);
  return c10::Half(bits, c10::Half::from_bits());
}

// ---- blocks of 32: a scale d, in some a minimum m, and the values' bits; the first half of the values in the low nibbles ----

std::uint8_t nibble(const std::uint8_t* packed, int i) {
  constexpr int kHalf = kSmall / 2;
  return i < kHalf ? packed[i] & 15 : packed[i - kHalf] >> 4;
}

/// The fifth bit of value i.
int fifth_bit(const std::uint8_t* high, int i) { return high[i / 8] >> (i % 8) & 1; }

void unpack_q4_0(const std::uint8_t* block, float* to) {
  const float d = half_at(block);
  for (int i = 0; i < kSmall; ++i) to[i] = d * static_cast<float>(nibble(block + 2, i) - 8);
}

void unpack_q4_1(const std::uint8_t* block, float* to) {
  const float d = half_at(block), m = half_at(block + 2);
  for (int i = 0; i < kSmall; ++i) to[i] = d * static_cast<float>(nibble(block + 4, i)) + m;
}

void unpack_q5_0(const std::uint8_t* block, float* to) {
  const float d = half_at(block);
  for (int i = 0; i < kSmall; ++i)
    to[i] = d * static_cast<float>((nibble(block + 6, i) | fifth_bit(block + 2, i) << 4) - 16);
}

void unpack_q5_1(const std::uint8_t* block, float* to) {
  const float d = half_at(block), m = half_at(block + 2);
  for (int i = 0; i < kSmall; ++i)
    to[i] = d * static_cast<float>(nibble(block + 8, i) | fifth_bit(block + 4, i) << 4) + m;
}

void unpack_q8_0(const std::uint8_t* block, float* to) {
  const float d = half_at(block);
  for (int i = 0; i < kSmall; ++i) to[i] = d * static_cast<float>(static_cast<std::int8_t>(block[2 + i]));
}

/// The values that four bits stand for, denser about zero.
constexpr std::array<float, 16> kUneven{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

void unpack_iq4_nl(const std::uint8_t* block, float* to) {
  const float d = half_at(block);
  for (int i = 0; i < kSmall; ++i) to[i] = d * kUneven.at(nibble(block + 2, i));
}

// ---- blocks of 256: a scale for the block, and for each 16 or 32 values one of few bits ----

void unpack_q2_k(const std::uint8_t* block, float* to) {
  const std::uint8_t *scales = block, *bits = block + 16;
  const float d = half_at(block + 80), m = half_at(block + 82);
  for (int i = 0; i < kLarge; ++i) {
    const std::uint8_t scale = scales[i / 16], byte = bits[i / 128 * 32 + i % 32];
    const int value = byte >> (2 * (i / 32 % 4)) & 3;
    to[i] = d * static_cast<float>(scale & 15) * static_cast<float>(value) - m * static_cast<float>(scale >> 4);
  }
}

void unpack_q3_k(const std::uint8_t* block, float* to) {
  const std::uint8_t *high = block, *bits = block + 32, *scales = block + 96;
  const float d = half_at(block + 108);
  for (int i = 0; i < kLarge; ++i) {
    const int group = i / 16;
    const int low_scale = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
    const int scale = low_scale | (scales[8 + group % 4] >> (2 * (group / 4)) & 3) << 4;
    const int low = bits[i / 128 * 32 + i % 32] >> (2 * (i / 32 % 4)) & 3;
    const int third = high[i % 32] >> (i / 32) & 1;
    to[i] = d * static_cast<float>(scale - 32) * static_cast<float>(low - (third == 0 ? 4 : 0));
  }
}

struct ScaleAndMinimum {
  float scale, minimum;
};

/// Of 8 groups with 6 bits each, in 12 bytes.
ScaleAndMinimum six_bits(const std::uint8_t* packed, int group) {
  if (group < 4) return {static_cast<float>(packed[group] & 63), static_cast<float>(packed[group + 4] & 63)};
  const int low = packed[group + 4], scale_top = packed[group - 4] >> 6, minimum_top = packed[group] >> 6;
  return {static_cast<float>((low & 15) | scale_top << 4), static_cast<float>(low >> 4 | minimum_top << 4)};
}

/// Of Q4_K and Q5_K: value i of four bits.
int four_bits(const std::uint8_t* packed, int i) { return packed[i / 64 * 32 + i % 32] >> (4 * (i / 32 % 2)) & 15; }

void unpack_q4_k(const std::uint8_t* block, float* to) {
  const float d = half_at(block), m = half_at(block + 2);
  for (int i = 0; i < kLarge; ++i) {
    const auto [scale, minimum] = six_bits(block + 4, i / 32);
    to[i] = d * scale * static_cast<float>(four_bits(block + 16, i)) - m * minimum;
  }
}

void unpack_q5_k(const std::uint8_t* block, float* to) {
  const float d = half_at(block), m = half_at(block + 2);
  for (int i = 0; i < kLarge; ++i) {
    const auto [scale, minimum] = six_bits(block + 4, i / 32);
    const int value = four_bits(block + 48, i) | (block[16 + i % 32] >> (i / 32) & 1) << 4;
    to[i] = d * scale * static_cast<float>(value) - m * minimum;
  }
}

void unpack_q6_k(const std::uint8_t* block, float* to) {
  const std::uint8_t *bits = block, *high = block + 128, *scales = block + 192;
  const float d = half_at(block + 208);
  for (int i = 0; i < kLarge; ++i) {
    const int low = bits[i / 128 * 64 + i % 64] >> (4 * (i / 64 % 2)) & 15;
    const int top = high[i / 128 * 32 + i % 32] >> (2 * (i / 32 % 4)) & 3;
    const auto scale = static_cast<std::int8_t>(scales[i / 16]);
    to[i] = d * static_cast<float>(scale) * static_cast<float>((low | top << 4) - 32);
  }
}

void unpack_iq4_xs(const std::uint8_t* block, float* to) {
  const float d = half_at(block);
  std::uint16_t tops = 0;
  std::memcpy(&tops, block + 2, sizeof tops);
  for (int group = 0; group < kLarge / kSmall; ++group) {
    const int low = block[4 + group / 2] >> (4 * (group % 2)) & 15, scale = low | (tops >> (2 * group) & 3) << 4;
    for (int i = 0; i < kSmall; ++i)
      to[group * kSmall + i] = d * static_cast<float>(scale - 32) * kUneven.at(nibble(block + 8 + group * 16, i));
  }
}

constexpr std::array kTypes{
    GgufType{0, "F32", 1, 4},
    GgufType{1, "F16", 1, 2},
    GgufType{2, "Q4_0", kSmall, 18, unpack_q4_0},
    GgufType{3, "Q4_1", kSmall, 20, unpack_q4_1},
    GgufType{6, "Q5_0", kSmall, 22, unpack_q5_0},
    GgufType{7, "Q5_1", kSmall, 24, unpack_q5_1},
    GgufType{8, "Q8_0", kSmall, 34, unpack_q8_0},
    GgufType{10, "Q2_K", kLarge, 84, unpack_q2_k},
    GgufType{11, "Q3_K", kLarge, 110, unpack_q3_k},
    GgufType{12, "Q4_K", kLarge, 144, unpack_q4_k},
    GgufType{13, "Q5_K", kLarge, 176, unpack_q5_k},
    GgufType{14, "Q6_K", kLarge, 210, unpack_q6_k},
    GgufType{16, "IQ2_XXS", kLarge, 66},
    GgufType{17, "IQ2_XS", kLarge, 74},
    GgufType{18, "IQ3_XXS", kLarge, 98},
    GgufType{19, "IQ1_S", kLarge, 50},
    GgufType{20, "IQ4_NL", kSmall, 18, unpack_iq4_nl},
    GgufType{21, "IQ3_S", kLarge, 110},
    GgufType{22, "IQ2_S", kLarge, 82},
    GgufType{23, "IQ4_XS", kLarge, 136, unpack_iq4_xs},
    GgufType{24, "I8", 1, 1},
    GgufType{25, "I16", 1, 2},
    GgufType{26, "I32", 1, 4},
    GgufType{27, "I64", 1, 8},
    GgufType{28, "F64", 1, 8},
    GgufType{29, "IQ1_M", kLarge, 56},
    GgufType{30, "BF16", 1, 2},
    GgufType{34, "TQ1_0", kLarge, 54},
    GgufType{35, "TQ2_0", kLarge, 66},
    GgufType{39, "MXFP4", kSmall, 17},
};

}  // namespace

const GgufType* gguf_type(std::uint32_t id) {
  const auto* found = std::ranges::find(kTypes, id, &GgufType::id);
  return found == kTypes.end() ? nullptr : found;
}

}  // namespace weft::sd
