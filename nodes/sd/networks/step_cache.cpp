#include "nodes/sd/networks/step_cache.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

namespace weft::sd {
namespace {

/// Numbers the steps, and the calls within each: a call of equal number and size answers the same question a step later.
class Calls {
 public:
  struct Place {
    std::int64_t step, number;
    bool begins_step;
  };

  Place next(float sigma) {
    const bool begins = !sigma_ || *sigma_ != sigma;
    if (begins) {
      sigma_ = sigma;
      ++step_;
      number_ = -1;
    }
    return {step_, ++number_, begins};
  }

 private:
  std::optional<float> sigma_;
  std::int64_t step_ = -1, number_ = -1;
};

/// What a question was answered with at the last whole step.
class Kept {
 public:
  /// Of the batch and size of `like`, whatever its channels.
  const at::Tensor* find(std::int64_t number, const at::Tensor& like) const {
    const auto found = tensors_.find(number);
    if (found == tensors_.end() || found->second.size(0) != like.size(0)) return nullptr;
    return found->second.sizes().slice(2) == like.sizes().slice(2) ? &found->second : nullptr;
  }
  void keep(std::int64_t number, const at::Tensor& tensor) { tensors_[number] = tensor; }

 private:
  std::map<std::int64_t, at::Tensor> tensors_;
};

/// Estimates how much an output has changed from how its input does.
class ChangeEstimate {
 public:
  explicit ChangeEstimate(double threshold) : threshold_(threshold) {}

  /// Whether the output for this input is still near enough to the last one that was asked for.
  bool still_near(const at::Tensor& input) {
    input_change_.reset();
    if (!input_.defined() || input_.sizes() != sampled(input).sizes()) return false;
    input_change_ = mean_distance(sampled(input), input_);
    if (!rate_ || size_ == 0) return false;
    drift_ += *rate_ * *input_change_ / size_;
    if (drift_ < threshold_) return true;
    drift_ = 0;
    return false;
  }

  /// `compared`: the part of the output that is compared from step to step.
  void asked(const at::Tensor& input, const at::Tensor& output, const at::Tensor& compared) {
    const at::Tensor sample = sampled(compared);
    if (output_.defined() && output_.sizes() == sample.sizes() && input_change_ && *input_change_ > 0)
      rate_ = mean_distance(sample, output_) / *input_change_;
    input_ = sampled(input).clone();
    output_ = sample.clone();
    size_ = output.abs().mean().item<double>();
    input_change_.reset();
  }

 private:
  /// Each eighth row and column is enough.
  static at::Tensor sampled(const at::Tensor& x) { return x.slice(2, 0, std::nullopt, 8).slice(3, 0, std::nullopt, 8); }
  static double mean_distance(const at::Tensor& a, const at::Tensor& b) {
    return (a.to(at::kFloat) - b.to(at::kFloat)).abs().mean().item<double>();
  }

  double threshold_, drift_ = 0, size_ = 0;
  std::optional<double> rate_, input_change_;
  at::Tensor input_, output_;
};

}  // namespace

Patch deep_cache(std::int64_t interval, std::int64_t branch, const CacheRange& range) {
  struct State {
    Calls calls;
    Kept kept;
    std::int64_t since_whole = 0;  ///< steps
  };
  const auto state = std::make_shared<State>();
  return {.below = [=](std::int64_t step, const NetworkCall& whole, const at::Tensor& h, const GoDown& next) {
    if (step != branch) return next(h);
    const Calls::Place place = state->calls.next(whole.sigma);
    const bool in_range = whole.sigma <= range.start && whole.sigma >= range.end;
    if (place.begins_step) state->since_whole = in_range && place.step > 0 ? (state->since_whole + 1) % interval : 0;
    if (state->since_whole != 0) {
      const at::Tensor* kept = state->kept.find(place.number, h);
      if (kept != nullptr) return *kept;
    }
    const at::Tensor out = next(h);
    state->kept.keep(place.number, out);
    return out;
  }};
}

Patch easy_cache(double threshold, const CacheRange& range) {
  struct State {
    explicit State(double most) : estimate(most) {}
    Calls calls;
    Kept differences;
    ChangeEstimate estimate;
    bool leave_out = false;  ///< this step, as its first call says
  };
  const auto state = std::make_shared<State>(threshold);
  return {.network = [=](const NetworkCall& call, const Network& next) {
    const Calls::Place place = state->calls.next(call.sigma);
    if (call.sigma <= range.end) return next(call);
    const bool may = call.sigma <= range.start;
    const at::Tensor* difference = state->differences.find(place.number, call.x);
    if (place.begins_step) state->leave_out = may && state->estimate.still_near(call.x) && difference != nullptr;
    if (state->leave_out && difference != nullptr) return call.x + *difference;
    const at::Tensor output = next(call);
    if (output.sizes() == call.x.sizes()) {
      state->differences.keep(place.number, output - call.x);
      const std::int64_t parts = std::max<std::int64_t>(1, std::ssize(call.sides));
      if (place.begins_step && may) state->estimate.asked(call.x, output, output.chunk(parts).back());
    }
    return output;
  }};
}

Patch lazy_cache(double threshold, const CacheRange& range) {
  struct State {
    explicit State(double most) : estimate(most) {}
    ChangeEstimate estimate;
    at::Tensor difference;
  };
  const auto state = std::make_shared<State>(threshold);
  return {.step = [=](const at::Tensor& x, float sigma, const std::function<at::Tensor()>& next) {
    if (sigma <= range.end) return next();
    const bool known = state->difference.defined() && state->difference.sizes() == x.sizes();
    if (sigma <= range.start && state->estimate.still_near(x) && known) return x + state->difference;
    const at::Tensor output = next();
    state->difference = output - x;
    state->estimate.asked(x, output, output);
    return output;
  }};
}

}  // namespace weft::sd
