// Tensors by name, as files hold them and networks ask for them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <map>
#include <string>

#include "nodes/sd/tensors/export.h"

namespace weft::sd {

using TensorMap = std::map<std::string, at::Tensor>;

/// What the tensors take in memory.
std::size_t bytes_of(const TensorMap& tensors);

/// "[2, 3]" for messages.
WEFT_SD_EXPORT std::string shape_text(at::IntArrayRef shape);

}  // namespace weft::sd
