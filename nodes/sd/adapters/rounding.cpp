#include "nodes/sd/adapters/rounding.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <array>

namespace weft::sd {
namespace {

constexpr std::array<std::string_view, 2> kTypes{"fp8_e4m3fn", "fp8_e5m2"};

}  // namespace

std::span<const std::string_view> rounding_types() { return kTypes; }

Patch rounding_patch(const std::string& type) {
  TORCH_CHECK(std::ranges::find(kTypes, type) != kTypes.end(), type, " is no type to round to");
  const at::ScalarType rounded = type == kTypes[0] ? at::kFloat8_e4m3fn : at::kFloat8_e5m2;
  const float largest = type == kTypes[0] ? 448 : 57344;
  return {.key = "rounded to " + type, .weight = [=](const std::string&, const at::Tensor& base) {
            const at::NoGradGuard no_grad;
            return base.to(at::kFloat).clamp(-largest, largest).to(rounded).to(base.options());
          }};
}

}  // namespace weft::sd
