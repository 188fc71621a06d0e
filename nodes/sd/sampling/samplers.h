// The samplers: ways to solve dx/dsigma = (x - x0(x, sigma)) / sigma from much noise to none, with or without
// fresh noise on the way. Each is one plain function on a SamplerCall; samplers/ has one file a family, and
// this table names them. They know nothing of networks or prompts: `denoise` is all they see of a model.
//
// x is [B, C, h, w] float32 in variance exploding form, x = x0 + sigma * noise (Karras et al. 2022).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "nodes/sd/sampling/denoiser.h"
#include "nodes/sd/sampling/noise.h"

namespace weft::sd {

/// The model's x0 for x at sigma.
using Denoise = std::function<at::Tensor(const at::Tensor& x, float sigma)>;

/// The same, and the negative side alone, for cfg++ samplers (Chung et al. 2024, arXiv:2406.08070).
using DenoiseGuided = std::function<Guided(const at::Tensor& x, float sigma)>;

struct SamplerStep {
  std::int64_t index, count;  ///< 0 to count - 1
  float sigma;
  const at::Tensor& x;   ///< where the step begins
  const at::Tensor& x0;  ///< what the model thinks is under the noise
};

/// Called once a step, after its first evaluation. May throw to end sampling: samplers catch nothing.
using OnStep = std::function<void(const SamplerStep&)>;

struct SamplerCall {
  Denoise denoise;
  DenoiseGuided denoise_guided;  ///< only cfg++ samplers need it
  at::Tensor x;                  ///< noisy at sigmas[0]
  std::vector<float> sigmas;     ///< [steps + 1], falling; the last is 0, or the noise to leave
  std::uint64_t seed = 0;             ///< of fresh noise
  BatchNoise batch_noise = BatchNoise::Together;
  BatchPlaces places;                 ///< of x's items
  OnStep on_step;                     ///< may be empty
  const NoiseTable* table = nullptr;  ///< the model's; only sa_solver and tcd need it

  std::int64_t steps() const { return static_cast<std::int64_t>(sigmas.size()) - 1; }

  /// Evaluates at sigmas[i] and reports the step.
  at::Tensor evaluate(std::int64_t i, const at::Tensor& x) const;
  Guided evaluate_guided(std::int64_t i, const at::Tensor& x) const;
  void report(std::int64_t i, float sigma, const at::Tensor& x, const at::Tensor& x0) const;
};

struct SamplerInfo {
  std::string_view name;
  at::Tensor (*run)(const SamplerCall& call);  ///< returns x at the last sigma

  /// The schedule is made for one step more, without its last sigma but one: for samplers that would
  /// otherwise evaluate at a sigma too small to be worth it.
  bool drops_penultimate_sigma = false;

  /// What a noise mask keeps gets noise of its own, not that of the start.
  bool fresh_mask_noise = false;
};

/// What sampling needs of a sampler: one of the table, or a plugin's own.
struct SamplerMethod {
  std::function<at::Tensor(const SamplerCall& call)> run;
  bool drops_penultimate_sigma = false;
  bool fresh_mask_noise = false;

  SamplerMethod() = default;
  SamplerMethod(const SamplerInfo& info)  // NOLINT: an entry of the table is a method
      : run(info.run), drops_penultimate_sigma(info.drops_penultimate_sigma), fresh_mask_noise(info.fresh_mask_noise) {}
};

/// All of them, in ComfyUI's order of names.
std::span<const SamplerInfo> samplers();

/// The sampler of that name; throws std::invalid_argument, which lists the names, for a name that is none.
const SamplerInfo& find_sampler(std::string_view name);

}  // namespace weft::sd
