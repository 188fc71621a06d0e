#include "nodes/sd/networks/map_rescaler.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

namespace weft::sd {

MapRescaler::MapRescaler(std::int64_t halvings, at::Tensor mapper) : halvings_(halvings), mapper_(std::move(mapper)) {
  if (mapper_.defined()) mapper_ = mapper_.to(at::kFloat);
}

at::Tensor MapRescaler::operator()(const at::Tensor& map) const {
  if (mapper_.defined() && map.size(1) != classes()) {
    throw std::invalid_argument(fmt::format(
        "the map has {} classes, the model was trained on {}: give a map with {}", map.size(1), classes(), classes()));
  }
  if ((map.size(2) >> halvings_) == 0 || (map.size(3) >> halvings_) == 0) {
    throw std::invalid_argument(fmt::format(
        "a map of {} x {} cannot be halved {} times: give a larger one", map.size(3), map.size(2), halvings_));
  }
  at::Tensor small = map.to(at::kFloat);
  for (std::int64_t i = 0; i < halvings_; ++i) {
    small = at::upsample_bilinear2d(small, {small.size(2) / 2, small.size(3) / 2}, /*align_corners=*/false, 0.5, 0.5);
  }
  return mapper_.defined() ? at::conv2d(small, mapper_) : small;
}

}  // namespace weft::sd
