// Weights that C++ and Python make alike: tests/reference/seeded_weights.py is the other half.
#pragma once

#include <ATen/ATen.h>

#include <boost/crc.hpp>
#include <cmath>
#include <string>

#include "nodes/sd/networks/weights.h"
#include "nodes/sd/sampling/normal_draws.h"

namespace weft::sd {

inline at::Tensor seeded_normal(const std::string& name, at::IntArrayRef shape) {
  boost::crc_32_type crc;
  crc.process_bytes(name.data(), name.size());
  return NormalDraws(crc.checksum())(shape);
}

inline at::Tensor seeded_weight(const std::string& name, at::IntArrayRef shape) {
  const at::Tensor values = seeded_normal(name, shape);
  if (shape.size() > 1) return values / std::sqrt(static_cast<double>(c10::multiply_integers(shape.slice(1))));
  return name.ends_with(".weight") ? 1 + 0.1 * values : 0.1 * values;
}

/// Gives a network its seeded weights, and keeps them, to write them to files.
class SeededSource final : public WeightSource {
 public:
  at::Tensor get(const std::string& name, at::IntArrayRef shape, Init) override {
    return tensors_[name] = seeded_weight(name, shape);
  }
  bool has(const std::string&) const override { return true; }

  const TensorMap& tensors() const { return tensors_; }

 private:
  TensorMap tensors_;
};

}  // namespace weft::sd
