#include "training/optimization.h"

#include <torch/torch.h>

#include <cmath>

#include "training/adamw_kernel.h"

namespace weft::paper_cut {

Optimization::Optimization(Parameters parameters, Options options, const sd::TensorMap& state) : options_(options) {
  at::NoGradGuard no_grad;
  const auto saved = [&](const std::string& name, const at::Tensor& otherwise) {
    const auto found = state.find(name);
    // Same strides as the parameter, whatever the file's: the updates below run over plain memory.
    return found == state.end() ? otherwise : at::empty_like(otherwise).copy_(found->second);
  };
  for (auto& [name, value] : parameters) {
    slots_.push_back({name, value, saved("average/" + name, value.detach().clone()),
        saved("moment1/" + name, at::zeros_like(value)), saved("moment2/" + name, at::zeros_like(value))});
  }
  if (const auto found = state.find("steps"); found != state.end()) steps_ = found->second.item<std::int64_t>();
}

double Optimization::step(double learning_rate) {
  at::NoGradGuard no_grad;
  double norm = 0;
  for (Slot& slot : slots_) {
    at::Tensor& gradient = slot.value.mutable_grad();
    if (!gradient.defined()) continue;
    if (gradient.strides() != slot.value.strides()) gradient = at::empty_like(slot.value).copy_(gradient);
    norm += sum_of_squares(gradient.const_data_ptr<float>(), gradient.numel());
  }
  norm = std::sqrt(norm);
  ++steps_;
  const double t = static_cast<double>(steps_);
  const double correction1 = 1 - std::pow(options_.beta1, t), correction2 = 1 - std::pow(options_.beta2, t);
  const UpdateFactors factors{
      .shrink = float(norm > options_.clip ? options_.clip / norm : 1),
      .beta1 = float(options_.beta1),
      .beta2 = float(options_.beta2),
      .step = float(learning_rate / correction1),
      .scale2 = float(1 / correction2),
      .epsilon = float(options_.epsilon),
      .decay = float(1 - learning_rate * options_.weight_decay),
      .keep = float(std::min(options_.average, (1 + t) / (10 + t))),
  };
  for (Slot& slot : slots_) {
    if (!slot.value.grad().defined()) continue;
    update(slot.value.grad().const_data_ptr<float>(), slot.value.numel(), factors, slot.value.mutable_data_ptr<float>(),
        slot.average.mutable_data_ptr<float>(), slot.moment1.mutable_data_ptr<float>(),
        slot.moment2.mutable_data_ptr<float>());
    slot.value.mutable_grad().reset();
  }
  return norm;
}

sd::TensorMap Optimization::averages() const {
  sd::TensorMap map;
  for (const Slot& slot : slots_) map[slot.name] = slot.average;
  return map;
}

sd::TensorMap Optimization::state() const {
  sd::TensorMap map{{"steps", torch::tensor({steps_})}};
  for (const Slot& slot : slots_) {
    map["value/" + slot.name] = slot.value.detach();
    map["average/" + slot.name] = slot.average;
    map["moment1/" + slot.name] = slot.moment1;
    map["moment2/" + slot.name] = slot.moment2;
  }
  return map;
}

sd::TensorMap Optimization::part_of(const sd::TensorMap& state, const std::string& prefix) {
  sd::TensorMap part;
  for (const auto& [name, tensor] : state) {
    if (name.starts_with(prefix)) part[name.substr(prefix.size())] = tensor;
  }
  return part;
}

}  // namespace weft::paper_cut
