#include "models/optimization.h"

#include <torch/torch.h>

#include <cmath>

namespace weft::paper_cut {

Optimization::Optimization(Parameters parameters, Options options, const sd::TensorMap& state)
    : options_(options) {
  at::NoGradGuard no_grad;
  const auto saved = [&](const std::string& name, const at::Tensor& otherwise) {
    const auto found = state.find(name);
    // Same strides as the parameter, whatever the file's: the updates below run over plain memory.
    return found == state.end() ? otherwise : at::empty_like(otherwise).copy_(found->second);
  };
  for (auto& [name, value] : parameters) {
    slots_.push_back({name, value, saved("average/" + name, value.detach().clone()),
                      saved("moment1/" + name, at::zeros_like(value)),
                      saved("moment2/" + name, at::zeros_like(value))});
  }
  if (const auto found = state.find("steps"); found != state.end()) steps_ = found->second.item<int64_t>();
}

double Optimization::step(double learning_rate) {
  at::NoGradGuard no_grad;
  double norm = 0;
  for (const Slot& slot : slots_) {
    if (slot.value.grad().defined()) norm += slot.value.grad().square().sum().item<double>();
  }
  norm = std::sqrt(norm);
  const double shrink = norm > options_.clip ? options_.clip / norm : 1;
  ++steps_;
  const double t = static_cast<double>(steps_);
  const double correction1 = 1 - std::pow(options_.beta1, t), correction2 = 1 - std::pow(options_.beta2, t);
  const double keep = std::min(options_.average, (1 + t) / (10 + t));
  for (Slot& slot : slots_) {
    if (slot.value.grad().defined()) {
      const at::Tensor gradient = slot.value.grad() * shrink;
      slot.moment1.lerp_(gradient, 1 - options_.beta1);
      slot.moment2.mul_(options_.beta2).addcmul_(gradient, gradient, 1 - options_.beta2);
      slot.value.mul_(1 - learning_rate * options_.weight_decay);
      slot.value.addcdiv_(slot.moment1, (slot.moment2 / correction2).sqrt_().add_(options_.epsilon),
                          -learning_rate / correction1);
      slot.value.mutable_grad().reset();
    }
    slot.average.lerp_(slot.value, 1 - keep);
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
