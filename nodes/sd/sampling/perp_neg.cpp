#include "nodes/sd/sampling/perp_neg.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

namespace weft::sd {

Patch perp_neg(const ConditioningEntries& empty, double neg_scale) {
  double told_apart = 0;  // one empty text from another
  for (const auto& entry : empty) told_apart += entry.context.to(at::kDouble).square().sum().item<double>();
  const auto combine = [=](const GuidanceCall& call) {
    const at::Tensor positive = call.positive - call.further, negative = call.negative - call.further;
    const at::Tensor along = (negative * positive).sum() / positive.square().sum() * positive;
    return call.further + call.cfg * (positive - neg_scale * (negative - along));
  };
  return {.key = fmt::format("perp neg {} {}", neg_scale, told_apart),
      .side = std::make_shared<const ConditioningEntries>(empty),
      .needs_negative = true,
      .combine = combine};
}

}  // namespace weft::sd
