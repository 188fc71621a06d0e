// Building networks on nothing, to learn of a model's tensors whether they are all there and which are used.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <set>
#include <string>

#include "nodes/sd/networks/weights.h"

namespace weft::sd {

/// Answers every question with a tensor that has no memory, after checking that the file has the right one.
class Inspection final : public WeightSource {
 public:
  Inspection(const TensorMap& tensors, std::string origin) : source_(tensors, std::move(origin)) {}

  at::Tensor get(const std::string& name, at::IntArrayRef shape, Init) override {
    source_.check(name, shape);
    used_.insert(name);
    return at::empty(shape, at::TensorOptions(at::kMeta));
  }
  bool has(const std::string& name) const override { return source_.has(name); }

  const std::set<std::string>& used() const { return used_; }

 private:
  TensorMapSource source_;
  std::set<std::string> used_;
};

/// Builds networks on nothing, which proves that all their tensors are there. Returns the names that they
/// use.
template <class... Networks, class Config>
std::set<std::string> inspect(const TensorMap& tensors, const Config& config, const std::string& origin) {
  const auto inspection = std::make_shared<Inspection>(tensors, origin);
  (static_cast<void>(Networks(config, Weights(inspection))), ...);
  return inspection->used();
}

}  // namespace weft::sd
