#include "nodes/sd/tile_attention.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define WEFT_HAS_TILES 1
#include <ATen/cpu/Utils.h>
#include <immintrin.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>
#endif

namespace weft::sd {

#ifndef WEFT_HAS_TILES

bool fits_tile_attention(const at::Tensor&, const at::Tensor&, const at::Tensor&, int64_t) { return false; }

at::Tensor tile_attention(const at::Tensor&, const at::Tensor&, const at::Tensor&, int64_t) {
  TORCH_CHECK(false, "this processor has no matrix tiles");
}

#else

namespace {

// A tile is 16 rows of 64 bytes. _tile_dpbf16ps(c, a, b) adds a's 16 rows of 32 values times b to c, 16x16
// floats; b holds 32 rows in pairs: row r is the rows 2r and 2r + 1, interleaved value by value.
constexpr int64_t kRows = 16, kDepth = 32, kTile = kRows * kDepth;
constexpr int64_t kQueries = 2 * kRows;  ///< queries that are worked on together
constexpr int64_t kKeys = 256;           ///< keys whose shares are gathered before values are added
constexpr int64_t kMostChannels = 256;   ///< of a head; with more, libtorch's larger blocks are faster
constexpr int64_t kShareStride = kKeys + 32;  // a power of two would put all rows on the same cache lines

int64_t tiles_of(int64_t length, int64_t each) { return (length + each - 1) / each; }

struct Shape {
  int64_t heads, channels, queries, keys;
  int64_t depths() const { return tiles_of(channels, kDepth); }   // of a product over channels
  int64_t columns() const { return tiles_of(channels, kRows); }   // of a result's channels
  int64_t key_steps() const { return tiles_of(keys, kDepth); }
  size_t packed_keys() const { return size_t(key_steps() * 2 * depths() * kTile); }
  size_t packed_values() const { return size_t(key_steps() * columns() * kTile); }
};

/// One head of one item: rows of `channels` bfloat16 values.
struct Rows {
  const uint16_t* data;
  int64_t stride;
  const uint16_t* operator[](int64_t row) const { return data + row * stride; }
};

Rows rows_of(const at::Tensor& x, int64_t item, int64_t head, int64_t channels) {
  const auto* data = reinterpret_cast<const uint16_t*>(x.const_data_ptr<at::BFloat16>());
  return {data + item * x.stride(0) + head * channels, x.stride(1)};
}

/// Keys as right factors of q k^T: [key / 16][channel / 32] tiles, zeros behind the last key and channel.
void pack_keys(const Rows& keys, const Shape& shape, uint16_t* packed) {
  std::fill_n(packed, shape.packed_keys(), uint16_t{0});
  for (int64_t key = 0; key < shape.keys; ++key) {
    uint16_t* tiles = packed + key / kRows * shape.depths() * kTile + key % kRows * 2;
    for (int64_t pair = 0; pair < shape.channels / 2; ++pair)
      std::memcpy(tiles + pair * kDepth, keys[key] + 2 * pair, 4);
  }
}

/// Values as right factors of p v: [key / 32][channel / 16] tiles, zeros behind the last key and channel.
void pack_values(const Rows& values, const Shape& shape, uint16_t* packed) {
  std::fill_n(packed, shape.packed_values(), uint16_t{0});
  for (int64_t key = 0; key < shape.keys; ++key) {
    uint16_t* row = packed + key / kDepth * shape.columns() * kTile + key % kDepth / 2 * kDepth + key % 2;
    for (int64_t channel = 0; channel < shape.channels; ++channel)
      row[channel / kRows * kTile + channel % kRows * 2] = values[key][channel];
  }
}

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t bytes_a_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// What a thread needs for one block of queries.
struct Workspace {
  explicit Workspace(const Shape& shape)
      : queries(size_t(kQueries * shape.depths() * kDepth)),
        shares(size_t(kQueries * kShareStride)),
        sums(size_t(kQueries * shape.columns() * kRows)) {}

  std::vector<uint16_t> queries;        ///< [query][channel], zeros behind the last one
  alignas(64) float scores[2][kQueries][kDepth];  ///< q k^T of two blocks of 32 keys, by turns
  std::vector<uint16_t> shares;         ///< 2^(scaled score - maximum), bfloat16: [query][key]
  std::vector<float> sums;              ///< of shares times values so far: [query][channel]
  float maximum[kQueries];              ///< the exponent that a share of 1 stands for
  alignas(64) float totals[kQueries][kRows];        ///< of shares so far, in 16 parts
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // g++ 12 sees it in its own intrinsics (GCC bug 105593)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,amx-tile,amx-bf16")

/// Scores of the 32 keys whose packed tiles begin at `packed`.
void score_keys(Workspace& work, const Shape& shape, const uint16_t* packed, float (&scores)[kQueries][kDepth]) {
  const int64_t depths = shape.depths();
  const auto row_bytes = depths * kDepth * 2;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int64_t depth = 0; depth < depths; ++depth, packed += kTile) {
    const uint16_t* query = work.queries.data() + depth * kDepth;
    _tile_loadd(4, query, row_bytes);
    _tile_loadd(5, query + kRows * depths * kDepth, row_bytes);
    _tile_loadd(6, packed, 64);
    _tile_loadd(7, packed + depths * kTile, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, scores[0], sizeof scores[0]);
  _tile_stored(1, scores[0] + kRows, sizeof scores[0]);
  _tile_stored(2, scores[kRows], sizeof scores[0]);
  _tile_stored(3, scores[kRows] + kRows, sizeof scores[0]);
}

/// 2^x to 8e-5 of itself, far below what bfloat16 keeps: the cubic with the least such error on half a unit around 0.
inline __m512 power_of_two(__m512 x) {
  const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 rest = _mm512_sub_ps(x, whole);
  __m512 y = _mm512_fmadd_ps(rest, _mm512_set1_ps(0.05517167f), _mm512_set1_ps(0.24261112f));
  y = _mm512_fmadd_ps(rest, y, _mm512_set1_ps(0.69326099f));
  y = _mm512_fmadd_ps(rest, y, _mm512_set1_ps(0.99992807f));
  return _mm512_scalef_ps(y, whole);
}

/// Takes what was summed of this row so far, and its first `done` shares, to a higher maximum.
void raise_maximum(Workspace& work, const Shape& shape, int64_t row, int64_t done, float maximum) {
  const __m512 fade = _mm512_set1_ps(std::exp2(work.maximum[row] - maximum));
  work.maximum[row] = maximum;
  const auto scale = [&](float* at) { _mm512_storeu_ps(at, _mm512_mul_ps(_mm512_loadu_ps(at), fade)); };
  scale(work.totals[row]);
  float* sums = work.sums.data() + row * shape.columns() * kRows;
  for (int64_t column = 0; column < shape.columns(); ++column) scale(sums + column * kRows);
  for (int64_t key = 0; key < done; key += kRows) {
    auto* shares = reinterpret_cast<__m256i*>(work.shares.data() + row * kShareStride + key);
    const __m512i wide = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(shares)), 16);
    const __m512 faded = _mm512_mul_ps(_mm512_castsi512_ps(wide), fade);
    _mm256_storeu_si256(shares, reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(faded)));
  }
}

/// Turns scores of 32 keys into shares, which go behind the `done` ones that are there. `scale` takes scores to
/// exponents of two.
void weigh_keys(Workspace& work, const Shape& shape, const float (&scores)[kQueries][kDepth], int64_t done,
                float scale) {
  constexpr float kRoom = 8;  // shares may reach 2^8 before sums are rescaled: nearly never, then
  const float inverse = 1 / scale;
  const __m512 factor = _mm512_set1_ps(scale);
  for (int64_t row = 0; row < kQueries; ++row) {
    const __m512 left = _mm512_load_ps(scores[row]), right = _mm512_load_ps(scores[row] + kRows);
    const __m512 highest = _mm512_max_ps(left, right);
    if (_mm512_cmp_ps_mask(highest, _mm512_set1_ps((work.maximum[row] + kRoom) * inverse), _CMP_GT_OQ) != 0)
      raise_maximum(work, shape, row, done, _mm512_reduce_max_ps(highest) * scale);
    const __m512 maximum = _mm512_set1_ps(work.maximum[row]);
    const __m512 left_share = power_of_two(_mm512_fmsub_ps(left, factor, maximum));
    const __m512 right_share = power_of_two(_mm512_fmsub_ps(right, factor, maximum));
    _mm512_store_ps(work.totals[row],
                    _mm512_add_ps(_mm512_load_ps(work.totals[row]), _mm512_add_ps(left_share, right_share)));
    _mm512_storeu_si512(work.shares.data() + row * kShareStride + done,
                        reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(right_share, left_share)));
  }
}

/// Scores of keys that are not there.
void hide_keys(float (&scores)[kQueries][kDepth], int64_t from) {
  constexpr float kNever = -1e30f;  // 2 to this is 0; of an infinity the remainder would be no number
  for (auto& row : scores) std::fill(row + from, row + kDepth, kNever);
}

/// Adds shares times values to the sums, two columns of tiles at a time.
void add_values(Workspace& work, const Shape& shape, const uint16_t* packed, int64_t keys) {
  const int64_t columns = shape.columns();
  const auto sum_bytes = columns * kRows * 4, share_bytes = kShareStride * 2;
  for (int64_t column = 0; column < columns; column += 2) {
    const bool both = column + 1 < columns;
    float* upper = work.sums.data() + column * kRows;
    float* lower = upper + kRows * columns * kRows;
    _tile_loadd(0, upper, sum_bytes);
    _tile_loadd(1, lower, sum_bytes);
    if (both) {
      _tile_loadd(2, upper + kRows, sum_bytes);
      _tile_loadd(3, lower + kRows, sum_bytes);
    }
    for (int64_t key = 0; key < keys; key += kDepth) {
      const uint16_t* share = work.shares.data() + key;
      const uint16_t* values = packed + (key / kDepth * columns + column) * kTile;
      _tile_loadd(4, share, share_bytes);
      _tile_loadd(5, share + kRows * kShareStride, share_bytes);
      _tile_loadd(6, values, 64);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 5, 6);
      if (both) {
        _tile_loadd(7, values + kTile, 64);
        _tile_dpbf16ps(2, 4, 7);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
    _tile_stored(0, upper, sum_bytes);
    _tile_stored(1, lower, sum_bytes);
    if (both) {
      _tile_stored(2, upper + kRows, sum_bytes);
      _tile_stored(3, lower + kRows, sum_bytes);
    }
  }
}

void attend(Workspace& work, const Shape& shape, const Rows& queries, int64_t first, const uint16_t* keys,
            const uint16_t* values, uint16_t* result, int64_t result_stride) {
  const int64_t count = std::min(kQueries, shape.queries - first), width = shape.depths() * kDepth;
  std::fill(work.queries.begin(), work.queries.end(), uint16_t{0});
  for (int64_t i = 0; i < count; ++i)
    std::memcpy(work.queries.data() + i * width, queries[first + i], size_t(shape.channels) * 2);
  std::fill(work.sums.begin(), work.sums.end(), 0.0f);
  std::fill_n(work.maximum, kQueries, -std::numeric_limits<float>::infinity());
  std::fill_n(work.totals[0], kQueries * kRows, 0.0f);

  const float scale = float(M_LOG2E / std::sqrt(double(shape.channels)));
  const int64_t steps = shape.key_steps();
  const auto score = [&](int64_t step) {
    auto& scores = work.scores[step % 2];
    score_keys(work, shape, keys + step * 2 * shape.depths() * kTile, scores);
    if ((step + 1) * kDepth > shape.keys) hide_keys(scores, shape.keys - step * kDepth);
  };
  score(0);
  for (int64_t step = 0, done = 0; step < steps; ++step) {
    if (step + 1 < steps) score(step + 1);  // the tiles work on these while the vector units weigh the last ones
    weigh_keys(work, shape, work.scores[step % 2], done, scale);
    done += kDepth;
    if (done < kKeys && step + 1 < steps) continue;
    add_values(work, shape, values + (step + 1 - done / kDepth) * shape.columns() * kTile, done);
    done = 0;
  }
  for (int64_t i = 0; i < count; ++i) {
    const float* sums = work.sums.data() + i * shape.columns() * kRows;
    const __m512 factor = _mm512_set1_ps(1 / _mm512_reduce_add_ps(_mm512_loadu_ps(work.totals[i])));
    uint16_t* row = result + (first + i) * result_stride;
    for (int64_t channel = 0; channel < shape.channels; channel += kRows) {
      const __mmask16 mask = shape.channels - channel >= kRows ? 0xffff : 0xff;
      const auto rounded = _mm512_cvtneps_pbh(_mm512_mul_ps(_mm512_loadu_ps(sums + channel), factor));
      _mm256_mask_storeu_epi16(row + channel, mask, reinterpret_cast<__m256i>(rounded));
    }
  }
}

/// Tiles are set up on this thread while it lives.
class Tiles {
 public:
  Tiles() {
    static constexpr TileConfig kConfig;  // static: g++ believes that only 8 bytes of it are read
    _tile_loadconfig(&kConfig);
  }
  ~Tiles() { _tile_release(); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;
};

#pragma GCC pop_options
#pragma GCC diagnostic pop

bool machine_has_tiles() {
  static const bool has = __builtin_cpu_supports("avx512bf16") && at::cpu::init_amx();
  return has;
}

bool readable(const at::Tensor& x) {
  return x.is_cpu() && x.dim() == 3 && x.scalar_type() == at::kBFloat16 && x.stride(2) == 1 &&
         !(x.requires_grad() && at::GradMode::is_enabled());
}

}  // namespace

bool fits_tile_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t heads) {
  const int64_t channels = q.size(-1) / heads;
  return readable(q) && readable(k) && readable(v) && channels % 8 == 0 && channels <= kMostChannels &&
         k.size(1) > 0 && machine_has_tiles();
}

at::Tensor tile_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, int64_t heads) {
  const Shape shape{heads, q.size(2) / heads, q.size(1), k.size(1)};
  const int64_t all_heads = q.size(0) * heads, blocks = tiles_of(shape.queries, kQueries);
  const at::Tensor result = at::empty(q.sizes(), q.options());
  const at::Tensor packed =
      at::empty({all_heads, int64_t(shape.packed_keys() + shape.packed_values())}, q.options());
  const auto packed_at = [&](int64_t head) {
    return reinterpret_cast<uint16_t*>(packed.data_ptr<at::BFloat16>()) + head * packed.stride(0);
  };
  at::parallel_for(0, all_heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      pack_keys(rows_of(k, i / heads, i % heads, shape.channels), shape, packed_at(i));
      pack_values(rows_of(v, i / heads, i % heads, shape.channels), shape, packed_at(i) + shape.packed_keys());
    }
  });
  at::parallel_for(0, all_heads * blocks, 1, [&](int64_t begin, int64_t end) {
    const Tiles tiles;
    Workspace work(shape);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t item = i / blocks / heads, head = i / blocks % heads;
      const Rows out = rows_of(result, item, head, shape.channels);
      attend(work, shape, rows_of(q, item, head, shape.channels), i % blocks * kQueries, packed_at(i / blocks),
             packed_at(i / blocks) + shape.packed_keys(), const_cast<uint16_t*>(out.data), out.stride);
    }
  });
  return result;
}

#endif

}  // namespace weft::sd
