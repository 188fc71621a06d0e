#include "nodes/sd/tensors/tensor_map.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace weft::sd {

std::size_t bytes_of(const TensorMap& tensors) {
  std::size_t sum = 0;
  for (const auto& [name, tensor] : tensors) sum += tensor.nbytes();
  return sum;
}

std::string shape_text(at::IntArrayRef shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace weft::sd
