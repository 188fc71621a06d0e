#include "nodes/sd/sample.h"

#include <fmt/format.h>
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <stdexcept>

namespace weft::sd {
namespace {

/// Keeps a latent where the mask is 0: before the network sees it, what is kept gets the noise that belongs
/// to sigma; afterwards the network's answer there is replaced by the latent itself.
struct Inpaint {
  at::Tensor mask, keep;  ///< [B, C, h, w]; keep = 1 - mask
  at::Tensor latent, noise;

  at::Tensor before(const at::Tensor& x, float sigma) const {
    return mask.defined() ? x * mask + (noise * sigma + latent) * keep : x;
  }
  at::Tensor after(const at::Tensor& x0) const { return mask.defined() ? x0 * mask + latent * keep : x0; }
};

void check(const SampleRequest& request) {
  if (request.latent.dim() != 4) {
    throw std::invalid_argument(fmt::format(
        "the latent has {} dimensions: it must be [batch, channels, height, width]", request.latent.dim()));
  }
  if (request.noise.defined() && request.noise.sizes() != request.latent.sizes()) {
    throw std::invalid_argument("noise and latent differ in shape: make the noise for this latent");
  }
  if (request.positive.empty() || request.negative.empty()) {
    throw std::invalid_argument(fmt::format("the {} conditioning is empty: connect an encoded prompt",
                                            request.positive.empty() ? "positive" : "negative"));
  }
}

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

SampleResult sample(const DiffusionModel& model, const SamplerMethod& sampler, const std::vector<float>& sigmas,
                    const SampleRequest& request) {
  check(request);
  const at::NoGradGuard no_grad;
  at::Tensor latent = request.latent.to(model.device, at::kFloat);
  if (sigmas.size() < 2) return {latent, latent};
  latent = latent * model.latent_scale;
  const at::Tensor noise =
      (request.noise.defined() ? request.noise
                               : initial_noise(latent.sizes(), request.seed, request.batch_noise, request.places))
          .to(model.device, at::kFloat);

  Inpaint inpaint;
  if (request.noise_mask.defined()) {
    inpaint.mask = fit_noise_mask(request.noise_mask, latent);
    inpaint.keep = 1 - inpaint.mask;
    inpaint.latent = latent;
    inpaint.noise = sampler.fresh_mask_noise
                        ? StepNoise(latent, request.seed, request.batch_noise, request.places)()
                        : noise;
  }

  const GuidedDenoiser denoiser(model, request.positive, request.negative, request.cfg, latent, inpaint.mask);
  SampleResult result;
  SamplerCall call;
  call.denoise = [&](const at::Tensor& x, float sigma) {
    return inpaint.after(denoiser.x0(inpaint.before(x, sigma), sigma));
  };
  call.denoise_guided = [&](const at::Tensor& x, float sigma) {
    Guided guided = denoiser.both(inpaint.before(x, sigma), sigma);
    guided.x0 = inpaint.after(guided.x0);
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
  result.latent = sampler.run(call) / model.latent_scale;
  // A plugin's sampler may report nothing.
  result.x0 = result.x0.defined() ? result.x0 / model.latent_scale : result.latent;
  return result;
}

}  // namespace weft::sd
