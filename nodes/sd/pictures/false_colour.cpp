#include "nodes/sd/pictures/false_colour.h"

#include <ATen/ATen.h>

namespace weft::sd {

at::Tensor heat_colours(const at::Tensor& values) {
  return (values.unsqueeze(-1) * 3 - at::tensor({0.0f, 1.0f, 2.0f}, values.options())).clamp(0, 1);
}

}  // namespace weft::sd
