// AdamW with clipped gradients and an exponential moving average of the weights: what is saved, resumed and
// in the end shipped. Works on the named parameters that ParameterSource made.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "nodes/sd/networks/weights.h"

namespace weft::paper_cut {

using Parameters = std::vector<std::pair<std::string, at::Tensor>>;

class Optimization {
 public:
  struct Options {
    double beta1 = 0.9, beta2 = 0.99, epsilon = 1e-8;
    double weight_decay = 0.01;
    double clip = 1;         ///< greatest norm of all gradients together
    double average = 0.999;  ///< of the moving average, reached after a warm-up
  };

  /// `state` is what an earlier state() gave: moments, averages and the step count are taken up again.
  Optimization(Parameters parameters, Options options, const sd::TensorMap& state = {});

  /// One update from the gradients that backward() left; clears them. Returns their norm before clipping.
  double step(double learning_rate);

  std::int64_t steps() const { return steps_; }

  /// The averaged weights under their own names: what inference uses.
  sd::TensorMap averages() const;

  /// Everything, to be saved: "value/NAME", "average/NAME", "moment1/NAME", "moment2/NAME", "steps".
  sd::TensorMap state() const;

  /// The values of a saved state under their own names: the `start` of a ParameterSource.
  static sd::TensorMap values_in(const sd::TensorMap& state) { return part_of(state, "value/"); }
  static sd::TensorMap averages_in(const sd::TensorMap& state) { return part_of(state, "average/"); }

 private:
  struct Slot {
    std::string name;
    at::Tensor value, average, moment1, moment2;
  };

  static sd::TensorMap part_of(const sd::TensorMap& state, const std::string& prefix);

  Options options_;
  std::vector<Slot> slots_;
  std::int64_t steps_ = 0;
};

}  // namespace weft::paper_cut
