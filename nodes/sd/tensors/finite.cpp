#include "nodes/sd/tensors/finite.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "base/error.h"

namespace weft::sd {

// NaN and infinity survive a sum, and no sum of float32 overflows float64.
at::Tensor finite_sum(const at::Tensor& values) {
  // A CPU makes a float64 copy of all that it sums: for large pictures part by part.
  constexpr std::int64_t kPart = std::int64_t{1} << 20;
  if (!values.is_cpu() || !values.is_contiguous() || values.numel() <= kPart) return values.sum(at::kDouble);
  at::Tensor sum = at::zeros({}, at::kDouble);
  for (const at::Tensor& part : values.view(-1).split(kPart)) sum += part.sum(at::kDouble);
  return sum;
}

std::optional<std::string> not_finite(const at::Tensor& values) {
  if (std::isfinite(finite_sum(values).item<double>())) return std::nullopt;
  const std::string kind = values.isnan().any().item<bool>() ? "NaN" : "infinity";
  const std::int64_t count = values.dim() == 0 ? 1 : values.size(0);
  for (std::int64_t i = 0; count > 1 && i < count; ++i)
    if (!std::isfinite(finite_sum(values[i]).item<double>()))
      return fmt::format("{} in item {} of {}", kind, i + 1, count);
  return kind;
}

void require_finite(const at::Tensor& values, std::string_view says, std::string_view remedy) {
  if (const auto problem = not_finite(values))
    throw NodeError(fmt::format("{} {}", says, *problem), std::string(remedy));
}

std::string remedy_for(at::ScalarType dtype, std::string_view otherwise) {
  if (dtype == at::kHalf) return "compute in bfloat16 or float32 (--dtype), which hold larger numbers than float16";
  if (dtype == at::kBFloat16)
    return fmt::format("compute in float32 (--dtype float32); if that does not help, {}", otherwise);
  return std::string(otherwise);
}

}  // namespace weft::sd
