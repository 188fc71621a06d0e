#include "nodes/sd/networks/weights.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#endif

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/quantised.h"
#include "nodes/sd/tensors/onednn.h"
#include "nodes/sd/tensors/transfer.h"

namespace weft::sd {
namespace {

// FNV-1a: the values of a parameter depend on its name, not on when it was asked for.
std::uint64_t hash_of(const std::string& name) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const unsigned char c : name) hash = (hash ^ c) * 1099511628211ULL;
  return hash;
}

double fan_in_bound(const std::string& name, at::IntArrayRef shape) {
  // A bias has no fan in of its own; torch takes its weight's. Starting at zero is as good.
  if (shape.size() < 2) return 0;
  const std::int64_t fan_in = c10::multiply_integers(shape.slice(1));
  TORCH_CHECK(fan_in > 0, name, " has no inputs");
  return 1 / std::sqrt(static_cast<double>(fan_in));
}

at::Tensor initial(const std::string& name, at::IntArrayRef shape, Init init, std::uint64_t seed) {
  auto generator = at::detail::createCPUGenerator(seed ^ hash_of(name));
  const at::Tensor tensor = at::empty(shape, at::kFloat);
  switch (init) {
    case Init::Zeros:
      return tensor.zero_();
    case Init::Ones:
      return tensor.fill_(1);
    case Init::Normal:
      return tensor.normal_(0, 0.02, generator);
    case Init::FanIn:
      break;
  }
  const double bound = fan_in_bound(name, shape);
  return bound == 0 ? tensor.zero_() : tensor.uniform_(-bound, bound, generator);
}

at::IntArrayRef without_trailing_ones(at::IntArrayRef shape) {
  while (!shape.empty() && shape.back() == 1) shape = shape.slice(0, shape.size() - 1);
  return shape;
}

void check_shape(const std::string& origin, const std::string& name, at::IntArrayRef expected, at::IntArrayRef found) {
  if (without_trailing_ones(expected) == without_trailing_ones(found)) return;
  throw ModelError(origin,
      fmt::format("tensor \"{}\" has shape {}, the network needs {}", name, shape_text(found), shape_text(expected)),
      "the file is of another model, or its configuration is wrong");
}

#if defined(__x86_64__) && defined(__GNUC__)

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // g++ 12 sees it in its own intrinsics (GCC bug 105593)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512bf16")

void round_to_bfloat16(const at::Half* from, at::BFloat16* to, std::int64_t count) {
  constexpr std::int64_t kLanes = 16;
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    const __m512 x = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i)));
    const __m256bh rounded = _mm512_cvtneps_pbh(x);
    std::memcpy(to + i, &rounded, sizeof rounded);
  }
  for (; i < count; ++i) to[i] = static_cast<float>(from[i]);
}

#pragma GCC pop_options
#pragma GCC diagnostic pop

/// libtorch's own conversion goes value by value, and half is what most checkpoints hold.
bool converts_half_fast() { return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vl"); }

#else

void round_to_bfloat16(const at::Half*, at::BFloat16*, std::int64_t) {
  TORCH_CHECK(false, "this processor has no AVX-512");
}
bool converts_half_fast() { return false; }

#endif

at::Tensor bfloat16_of_half(const at::Tensor& half) {
  constexpr std::int64_t kValuesAThread = 65536;
  const at::Tensor result = at::empty(half.sizes(), half.options().dtype(at::kBFloat16));
  const auto* from = half.const_data_ptr<at::Half>();
  auto* to = result.mutable_data_ptr<at::BFloat16>();
  at::parallel_for(0, half.numel(), kValuesAThread,
      [=](std::int64_t begin, std::int64_t end) { round_to_bfloat16(from + begin, to + begin, end - begin); });
  return result;
}

at::Tensor converted(const at::Tensor& tensor, at::Device device, at::ScalarType dtype) {
  const bool ours = tensor.is_cpu() && device.is_cpu() && tensor.scalar_type() == at::kHalf && dtype == at::kBFloat16 &&
      tensor.is_contiguous() && converts_half_fast();
  return ours ? bfloat16_of_half(tensor) : to_device(tensor, device, dtype);
}

at::Tensor in_channels_last(const at::Tensor& tensor) {
  return tensor.dim() == 4 ? tensor.contiguous(at::MemoryFormat::ChannelsLast) : tensor;
}

}  // namespace

std::shared_ptr<const PreparedWeight> WeightSource::prepared(
    const std::string& name, at::IntArrayRef shape, Init init, const Prepare& prepare) {
  return std::make_shared<const PreparedWeight>(prepare(get(name, shape, init)));
}

ParameterSource::ParameterSource(std::uint64_t seed, TensorMap start) : seed_(seed), start_(std::move(start)) {}

at::Tensor ParameterSource::get(const std::string& name, at::IntArrayRef shape, Init init) {
  at::NoGradGuard no_grad;
  at::Tensor tensor;
  if (const auto found = start_.find(name); found != start_.end()) {
    check_shape("the starting weights", name, shape, found->second.sizes());
    tensor = found->second.detach().view(shape).to(at::kCPU, at::kFloat, false, /*copy=*/true);
  } else {
    tensor = initial(name, shape, init, seed_);
  }
  tensor = in_channels_last(tensor).set_requires_grad(true);
  parameters_.emplace_back(name, tensor);
  return tensor;
}

TensorMapSource::TensorMapSource(
    TensorMap tensors, std::string origin, at::ScalarType dtype, at::Device device, TensorMap scales)
    : tensors_(std::move(tensors)),
      scales_(std::move(scales)),
      origin_(std::move(origin)),
      dtype_(dtype),
      device_(device) {}

const at::Tensor& TensorMapSource::check(const std::string& name, at::IntArrayRef shape) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw ModelError(origin_, fmt::format("tensor \"{}\" {} is missing", name, shape_text(shape)),
        "the file is incomplete, or of another model");
  }
  check_shape(origin_, name, shape, found->second.sizes());
  return found->second;
}

at::Tensor TensorMapSource::get(const std::string& name, at::IntArrayRef shape, Init) {
  const at::Tensor stored = dequantised(check(name, shape).detach(), scales_, name);
  const at::Tensor tensor = converted(stored.view(shape), device_, dtype_);
  return onednn::wants_packing(tensor) ? tensor : in_channels_last(tensor);  // packing brings its own order
}

}  // namespace weft::sd
