#include "nodes/sd/tensors/tile_attention.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/cpu/Utils.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "nodes/sd/tensors/tiles.h"

namespace weft::sd {
namespace {

constexpr std::int64_t kQueries = 2 * kTileRows;  ///< queries that are worked on together
constexpr std::int64_t kKeys = 256;               ///< keys whose shares are gathered before values are added
constexpr std::int64_t kMostChannels = 256;       ///< of a head; with more, libtorch's larger blocks are faster
constexpr std::int64_t kShareStride = kKeys + 32;  // a power of two would put all rows on the same cache lines

std::int64_t tiles_of(std::int64_t length, std::int64_t each) { return (length + each - 1) / each; }

struct Shape {
  std::int64_t heads, channels, queries, keys;
  std::int64_t depths() const { return tiles_of(channels, kTileDepth); }   // of a product over channels
  std::int64_t columns() const { return tiles_of(channels, kTileRows); }   // of a result's channels
  std::int64_t key_steps() const { return tiles_of(keys, kTileDepth); }
  std::int64_t blocks() const { return tiles_of(queries, kQueries); }
  std::size_t packed_keys() const { return std::size_t(key_steps() * 2 * depths() * kTileSize); }
  std::size_t packed_values() const { return std::size_t(key_steps() * columns() * kTileSize); }
};

/// One head of one item: rows of `channels` values.
template <class T>
struct Rows {
  T* data;
  std::int64_t stride;
  T* operator[](std::int64_t row) const { return data + row * stride; }
};

template <class T = const at::BFloat16>
Rows<T> rows_of(const at::Tensor& x, std::int64_t item, std::int64_t head, std::int64_t channels) {
  auto* data = const_cast<T*>(x.const_data_ptr<at::BFloat16>());
  return {data + item * x.stride(0) + head * channels, x.stride(1)};
}

/// What a head attends with, and where its result goes.
struct Head {
  Rows<const at::BFloat16> queries;
  const at::BFloat16 *packed_keys, *packed_values;
  Rows<at::BFloat16> result;
};

/// Keys as right factors of q k^T: [key / 16][channel / 32] tiles, zeros behind the last key and channel.
void pack_keys(const Rows<const at::BFloat16>& keys, const Shape& shape, at::BFloat16* packed) {
  std::fill_n(packed, shape.packed_keys(), at::BFloat16());
  for (std::int64_t key = 0; key < shape.keys; ++key) {
    at::BFloat16* tiles = packed + key / kTileRows * shape.depths() * kTileSize + key % kTileRows * 2;
    for (std::int64_t pair = 0; pair < shape.channels / 2; ++pair)
      std::memcpy(tiles + pair * kTileDepth, keys[key] + 2 * pair, 4);
  }
}

/// Values as right factors of p v: [key / 32][channel / 16] tiles, zeros behind the last key and channel.
void pack_values(const Rows<const at::BFloat16>& values, const Shape& shape, at::BFloat16* packed) {
  std::fill_n(packed, shape.packed_values(), at::BFloat16());
  for (std::int64_t key = 0; key < shape.keys; ++key) {
    at::BFloat16* row =
        packed + key / kTileDepth * shape.columns() * kTileSize + key % kTileDepth / 2 * kTileDepth + key % 2;
    for (std::int64_t channel = 0; channel < shape.channels; ++channel)
      row[channel / kTileRows * kTileSize + channel % kTileRows * 2] = values[key][channel];
  }
}

/// What a thread needs for one block of queries.
struct Workspace {
  explicit Workspace(const Shape& shape)
      : queries(std::size_t(kQueries * shape.depths() * kTileDepth)),
        shares(std::size_t(kQueries * kShareStride)),
        sums(std::size_t(kQueries * shape.columns() * kTileRows)) {}

  /// Takes the queries from `first` on, and forgets all sums.
  void begin(const Shape& shape, const Head& head, std::int64_t first, std::int64_t count) {
    std::fill(queries.begin(), queries.end(), at::BFloat16());
    for (std::int64_t i = 0; i < count; ++i)
      std::copy_n(head.queries[first + i], shape.channels, queries.data() + i * shape.depths() * kTileDepth);
    std::fill(sums.begin(), sums.end(), 0.0f);
    std::fill_n(maximum, kQueries, -std::numeric_limits<float>::infinity());
    std::fill_n(totals[0], kQueries * kLanes, 0.0f);
  }

  std::vector<at::BFloat16> queries;    ///< [query][channel], zeros behind the last one
  alignas(64) float scores[2][kQueries][kTileDepth];  ///< q k^T of two blocks of 32 keys, by turns
  std::vector<at::BFloat16> shares;     ///< 2^(scaled score - maximum): [query][key]
  std::vector<float> sums;              ///< of shares times values so far: [query][channel]
  float maximum[kQueries];              ///< the exponent that a share of 1 stands for
  alignas(64) float totals[kQueries][kLanes];       ///< of shares so far, in 16 parts
};

/// Scores of keys that are not there.
void hide_keys(float (&scores)[kQueries][kTileDepth], std::int64_t from) {
  constexpr float kNever = -1e30f;  // 2 to this is 0; of an infinity the remainder would be no number
  for (auto& row : scores) std::fill(row + from, row + kTileDepth, kNever);
}

}  // namespace

namespace portable {
namespace {
#include "nodes/sd/tensors/tile_attention.inc"
}  // namespace
}  // namespace portable

#ifdef WEFT_HAS_AVX512
WEFT_BEGIN_AVX512
namespace native {
namespace {
#include "nodes/sd/tensors/tile_attention.inc"
}  // namespace
}  // namespace native
WEFT_END_AVX512
#endif

namespace {

bool machine_has_tiles() {
  static const bool has = has_avx512() && at::cpu::init_amx();
  return has;
}

bool readable(const at::Tensor& x) {
  return x.is_cpu() && x.dim() == 3 && x.scalar_type() == at::kBFloat16 && x.stride(2) == 1 &&
      !(x.requires_grad() && at::GradMode::is_enabled());
}

at::Tensor attend_all(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads,
    decltype(portable::attend_blocks)& attend_blocks) {
  const Shape shape{heads, q.size(2) / heads, q.size(1), k.size(1)};
  const std::int64_t all_heads = q.size(0) * heads;
  const at::Tensor result = at::empty(q.sizes(), q.options());
  const at::Tensor packed =
      at::empty({all_heads, std::int64_t(shape.packed_keys() + shape.packed_values())}, q.options());
  std::vector<Head> parts(static_cast<std::size_t>(all_heads));
  at::parallel_for(0, all_heads, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t item = i / heads, head = i % heads;
      at::BFloat16* keys = packed.data_ptr<at::BFloat16>() + i * packed.stride(0);
      at::BFloat16* values = keys + shape.packed_keys();
      pack_keys(rows_of(k, item, head, shape.channels), shape, keys);
      pack_values(rows_of(v, item, head, shape.channels), shape, values);
      parts[std::size_t(i)] = {rows_of(q, item, head, shape.channels), keys, values,
          rows_of<at::BFloat16>(result, item, head, shape.channels)};
    }
  });
  at::parallel_for(0, all_heads * shape.blocks(), 1,
      [&](std::int64_t begin, std::int64_t end) { attend_blocks(shape, parts, begin, end); });
  return result;
}

}  // namespace

bool fits_tile_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads) {
  return machine_has_tiles() && fits_portable_tile_attention(q, k, v, heads);
}

bool fits_portable_tile_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads) {
  const std::int64_t channels = q.size(-1) / heads;
  return readable(q) && readable(k) && readable(v) && channels % 8 == 0 && channels <= kMostChannels && k.size(1) > 0;
}

at::Tensor tile_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads) {
  TORCH_CHECK(fits_tile_attention(q, k, v, heads), "tile_attention() does not take these tensors");
  return attend_all(q, k, v, heads, native::attend_blocks);
}

at::Tensor portable_tile_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads) {
  TORCH_CHECK(fits_portable_tile_attention(q, k, v, heads), "tile_attention() does not take these tensors");
  return attend_all(q, k, v, heads, portable::attend_blocks);
}

}  // namespace weft::sd
