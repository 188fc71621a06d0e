#include "nodes/sd/tensors/precision.h"

#include <stdexcept>

namespace weft::sd {

at::ScalarType unet_dtype(const std::string& wanted, const at::Device& device) {
  if (wanted == "float32") return at::kFloat;
  if (wanted == "bfloat16") return at::kBFloat16;
  if (wanted == "float16") return at::kHalf;
  if (wanted != "auto")
    throw std::invalid_argument("dtype '" + wanted + "' is not known: give auto, float32, bfloat16 or float16");
  if (!device.is_cpu()) return at::kHalf;
  return __builtin_cpu_supports("avx512bf16") ? at::kBFloat16 : at::kFloat;
}

at::ScalarType vae_dtype(const std::string& wanted, const at::Device& device) {
  const at::ScalarType dtype = unet_dtype(wanted, device);
  return dtype == at::kHalf ? at::kBFloat16 : dtype;
}

}  // namespace weft::sd
