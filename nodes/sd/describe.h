// Values in the words of ValueType::describe: what an inspector shows of them. docs/writing-a-plugin.md tells which keys
// are shown how.
#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>

#include "nodes/sd/conditioning.h"

namespace weft::sd {

/// Shape, dtype, least, greatest, mean and deviation, and a histogram of 64 bins; what is not finite is counted apart.
/// Null for an undefined tensor.
nlohmann::json describe(const at::Tensor& tensor);

/// An object for each entry: where and when it counts, and its tokens as a table.
nlohmann::json describe(const Conditioning& conditioning);

}  // namespace weft::sd
