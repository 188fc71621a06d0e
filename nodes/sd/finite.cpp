#include "nodes/sd/finite.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "graph/error.h"

namespace weft::sd {

// NaN and infinity survive a sum, and no sum of float32 overflows float64.
at::Tensor finite_sum(const at::Tensor& values) { return values.sum(at::kDouble); }

std::optional<std::string> not_finite(const at::Tensor& values) {
  if (std::isfinite(finite_sum(values).item<double>())) return std::nullopt;
  const std::string kind = values.isnan().any().item<bool>() ? "NaN" : "infinity";
  const int64_t count = values.dim() == 0 ? 1 : values.size(0);
  for (int64_t i = 0; count > 1 && i < count; ++i)
    if (!std::isfinite(finite_sum(values[i]).item<double>())) return fmt::format("{} in item {} of {}", kind, i + 1, count);
  return kind;
}

void require_finite(const at::Tensor& values, std::string_view says, std::string_view remedy) {
  if (const auto problem = not_finite(values)) throw NodeError(fmt::format("{} {}", says, *problem), std::string(remedy));
}

std::string remedy_for(at::ScalarType dtype, std::string_view otherwise) {
  if (dtype == at::kHalf) return "compute in bfloat16 or float32 (--dtype), which hold larger numbers than float16";
  if (dtype == at::kBFloat16) return fmt::format("compute in float32 (--dtype float32); if that does not help, {}", otherwise);
  return std::string(otherwise);
}

}  // namespace weft::sd
