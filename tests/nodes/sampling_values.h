// tests/nodes/golden/sampling_values.safetensors, made by tests/reference/make_sampling_values_golden.py with ComfyUI's code.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <string>
#include <vector>

#include "nodes/sd/files/safetensors.h"

namespace weft::sd {

inline const SafetensorsFile& sampling_values() {
  static const auto file = SafetensorsFile::open(WEFT_SOURCE_DIR "/tests/nodes/golden/sampling_values.safetensors");
  return file;
}

inline at::Tensor sampling_value(const std::string& name) { return sampling_values().tensor(name); }

inline std::vector<float> sampling_list(const std::string& name) {
  const at::Tensor values = sampling_value(name).contiguous();
  return {values.const_data_ptr<float>(), values.const_data_ptr<float>() + values.numel()};
}

/// The largest difference, each divided by max(1, |expected|). Infinite for other counts.
inline double off(const at::Tensor& found, const at::Tensor& expected) {
  if (found.numel() != expected.numel()) return INFINITY;
  if (found.numel() == 0) return 0;
  const at::Tensor a = found.reshape(-1).to(at::kDouble), b = expected.reshape(-1).to(at::kDouble);
  return ((a - b).abs() / b.abs().clamp_min(1)).max().item<double>();
}

inline double off(const std::vector<float>& found, const std::string& name) {
  return off(at::tensor(found, at::kFloat), sampling_value(name));
}

}  // namespace weft::sd
