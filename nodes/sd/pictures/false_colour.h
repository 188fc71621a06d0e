// Numbers as colours.
#pragma once

#include <ATen/core/Tensor.h>

namespace weft::sd {

/// Values in [0, 1] of any shape [...] as the colours of heat, black over red and yellow to white: [..., 3]. What lies
/// outside is clamped.
at::Tensor heat_colours(const at::Tensor& values);

}  // namespace weft::sd
