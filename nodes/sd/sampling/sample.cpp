#include "nodes/sd/sampling/sample.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "base/error.h"
#include "nodes/sd/tensors/finite.h"

namespace weft::sd {
namespace {

/// Keeps a latent where the mask is 0: before the network sees it, what is kept gets the noise that belongs
/// to sigma; afterwards the network's answer there is replaced by the latent itself.
struct Inpaint {
  at::Tensor mask;  ///< [B, C, h, w], or undefined
  at::Tensor latent, noise;

  /// The same with the mask that counts at sigma.
  Inpaint at(const ModelSampling& model, float sigma, const std::vector<float>& sigmas) const {
    return {model.mask_at(mask, sigma, sigmas), latent, noise};
  }
  at::Tensor before(const at::Tensor& x, float sigma) const {
    return mask.defined() ? x * mask + (noise * sigma + latent) * (1 - mask) : x;
  }
  at::Tensor after(const at::Tensor& x0) const { return mask.defined() ? x0 * mask + latent * (1 - mask) : x0; }
};

void check(const SampleRequest& request) {
  if (request.latent.dim() != 4) {
    throw std::invalid_argument(
        fmt::format("the latent has {} dimensions: it must be [batch, channels, height, width]", request.latent.dim()));
  }
  if (request.noise.defined() && request.noise.sizes() != request.latent.sizes()) {
    throw std::invalid_argument("noise and latent differ in shape: make the noise for this latent");
  }
  if (request.positive.empty() || request.negative.empty()) {
    throw std::invalid_argument(fmt::format(
        "the {} conditioning is empty: connect an encoded prompt", request.positive.empty() ? "positive" : "negative"));
  }
}

/// Ends a sampling whose numbers are no longer finite, and tells whose they were. On the CPU that is at once; elsewhere,
/// where looking would mean that each step waits for the one before, a number a step is looked at when the last has ended.
class FiniteSampling {
 public:
  FiniteSampling(const DiffusionModel& model, const SampleRequest& request, const std::vector<float>& sigmas)
      : model_(model), request_(request), sigmas_(sigmas) {
    if (!std::ranges::all_of(sigmas, [](float sigma) { return std::isfinite(sigma); }))
      throw NodeError("the schedule's noise levels are not all finite", "use another schedule, or more steps");
  }

  /// The network gave x0 for x at sigma.
  void evaluated(const at::Tensor& x, float sigma, const at::Tensor& x0) {
    const at::Tensor sum = finite_sum(x0);
    if (sum.is_cpu() && !std::isfinite(sum.item<double>())) fail(sigma, x, *not_finite(x0));
    if (sum.is_cpu()) return;
    sums_.push_back(sum);
    looked_at_.push_back(sigma);
  }

  void ended(const at::Tensor& latent) {
    evaluated(latent, sigmas_.back(), latent);
    if (sums_.empty()) return;
    const at::Tensor sums = at::stack(sums_).cpu();
    for (std::size_t i = 0; i < sums_.size(); ++i)
      if (!std::isfinite(sums.data_ptr<double>()[i])) fail(looked_at_[i], {}, "NaN or infinity");
  }

 private:
  [[noreturn]] void fail(float sigma, const at::Tensor& x, const std::string& found) const {
    require_finite(request_.latent, "the latent that came in holds", "look at the node that made it");
    require_given(request_.positive, "positive");
    require_given(request_.negative, "negative");
    const std::string step = fmt::format("at step {} of {}", step_at(sigma), sigmas_.size() - 1);
    if (const auto made = x.defined() ? not_finite(x) : std::nullopt)
      throw NodeError(fmt::format("the sampler made {} {}", *made, step), "use another sampler or schedule");
    throw NodeError(fmt::format("the U-Net gave {} {}", found, step),
        remedy_for(model_.dtype, "lower cfg and the weights in the texts; else the model's file may be damaged"));
  }

  static void require_given(const ConditioningEntries& conditioning, std::string_view side) {
    for (const ConditioningEntry& entry : conditioning)
      require_finite(entry.context, fmt::format("the {} conditioning holds", side), "look at the node that made it");
  }

  /// From 1: the step in which the sampler asks at that noise level.
  std::size_t step_at(float sigma) const {
    const auto below = std::ranges::find_if(sigmas_, [&](float level) { return level < sigma; });
    return std::clamp<std::size_t>(below - sigmas_.begin(), 1, sigmas_.size() - 1);
  }

  const DiffusionModel& model_;
  const SampleRequest& request_;
  const std::vector<float>& sigmas_;
  std::vector<at::Tensor> sums_;  ///< of results on a device
  std::vector<float> looked_at_;  ///< their noise levels
};

}  // namespace

std::vector<float> plan_sigmas(const NoiseTable& table, const StepPlan& plan, const SamplerMethod& sampler) {
  std::vector<float> sigmas =
      sampling_sigmas(table, plan.schedule, plan.steps, plan.denoise, sampler.drops_penultimate_sigma);
  return cut_steps(std::move(sigmas), plan.start_step, plan.end_step, plan.leave_noise);
}

at::Tensor add_noise(const NoiseTable& table, const at::Tensor& latent, const at::Tensor& noise, float sigma) {
  // At the table's end the model has learnt a variance of 1 + sigma^2, as if the picture had variance 1 too.
  const float sigma_max = table.sigma_max();
  const bool at_most = sigma > sigma_max || std::abs(sigma - sigma_max) <= 1e-5f * std::max(sigma, sigma_max);
  return latent + noise * (at_most ? std::sqrt(1 + sigma * sigma) : sigma);
}

at::Tensor add_scaled_noise(const LatentSpace& space, const at::Tensor& latent, const at::Tensor& noise, float scale) {
  const at::Tensor noisy = space.from_network(space.to_network(latent) + noise * scale);
  return at::nan_to_num(noisy, 0, 0, 0);
}

SampleResult sample(const DiffusionModel& model, const SamplerMethod& sampler, const std::vector<float>& sigmas,
    const SampleRequest& request) {
  check(request);
  const at::NoGradGuard no_grad;
  at::Tensor latent = request.latent.to(model.device, at::kFloat);
  if (sigmas.size() < 2) return {latent, latent};
  latent = model.space.to_network(latent);
  const at::Tensor noise =
      (request.noise.defined() ? request.noise
                               : initial_noise(latent.sizes(), request.seed, request.batch_noise, request.places))
          .to(model.device, at::kFloat);

  Inpaint inpaint;
  if (request.noise_mask.defined()) {
    inpaint.mask = fit_noise_mask(request.noise_mask, latent);
    inpaint.latent = latent;
    inpaint.noise =
        sampler.fresh_mask_noise ? StepNoise(latent, request.seed, request.batch_noise, request.places)() : noise;
  }

  const GuidedDenoiser denoiser(model, request.positive, request.negative, latent,
      {.cfg = request.cfg,
          .dual = request.dual,
          .noise_mask = inpaint.mask,
          .strict_concat = request.strict_concat,
          .seed = request.seed,
          .open_control = request.open_control,
          .sigmas = sigmas});
  FiniteSampling finite(model, request, sigmas);
  SampleResult result;
  SamplerCall call;
  call.denoise = [&](const at::Tensor& x, float sigma) {
    const Inpaint now = inpaint.at(model, sigma, sigmas);
    const at::Tensor x0 = now.after(denoiser.x0(now.before(x, sigma), sigma));
    finite.evaluated(x, sigma, x0);
    return x0;
  };
  call.denoise_guided = [&](const at::Tensor& x, float sigma) {
    const Inpaint now = inpaint.at(model, sigma, sigmas);
    Guided guided = denoiser.both(now.before(x, sigma), sigma);
    guided.x0 = now.after(guided.x0);
    finite.evaluated(x, sigma, guided.x0);
    return guided;
  };
  call.x = add_noise(model.table, latent, noise, sigmas[0]);
  call.sigmas = sigmas;
  call.seed = request.seed;
  call.batch_noise = request.batch_noise;
  call.places = request.places;
  call.table = &model.table;
  call.on_step = [&](const SamplerStep& step) {
    result.x0 = step.x0;
    if (request.on_step) request.on_step(step);
  };
  const at::Tensor end = sampler.run(call);
  finite.ended(end);
  result.latent = model.space.from_network(end);
  // A plugin's sampler may report nothing.
  result.x0 = result.x0.defined() ? model.space.from_network(result.x0) : result.latent;
  return result;
}

}  // namespace weft::sd
