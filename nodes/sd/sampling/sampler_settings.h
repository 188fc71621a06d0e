// The samplers that have settings of their own, for nodes that state them. With the settings that stand here each is the
// sampler of that name in samplers.h, bit for bit.
//
//   method.run = [settings](const SamplerCall& call) { return euler_ancestral(call, settings); };
//
// [any thread]
#pragma once

#include "nodes/sd/sampling/samplers.h"

namespace weft::sd {

/// Of the noise that a sampler adds on its way.
struct StepNoiseSettings {
  double eta = 1;  ///< how much of the way is random: 0 none, 1 as in training
  double scale = 1;  ///< the noise is multiplied by it (s_noise)
};

at::Tensor euler_ancestral(const SamplerCall& call, const StepNoiseSettings& noise);
at::Tensor euler_ancestral_cfg_pp(const SamplerCall& call, const StepNoiseSettings& noise);
/// euler_cfg_pp as it was first in ComfyUI: from x, along what lies between the guided x0 and both sides.
at::Tensor euler_cfg_pp_alternative(const SamplerCall& call);
at::Tensor dpmpp_2s_ancestral(const SamplerCall& call, const StepNoiseSettings& noise);
/// `r`, above 0: where in the step, in lambda, the second evaluation is.
at::Tensor dpmpp_sde(const SamplerCall& call, const StepNoiseSettings& noise, double r = 0.5);
enum class SdeCorrection { Midpoint, Heun };
at::Tensor dpmpp_2m_sde(const SamplerCall& call, const StepNoiseSettings& noise, SdeCorrection correction);
at::Tensor dpmpp_3m_sde(const SamplerCall& call, const StepNoiseSettings& noise);

/// `order` >= 1: of how many derivatives a step is made.
at::Tensor lms(const SamplerCall& call, std::size_t order);

/// How dpm_adaptive chooses its steps: as long as the difference between two orders is within `rtol` of x or `atol`, by a
/// controller with proportional, integral and derivative parts (Söderlind 2003).
struct AdaptiveSettings {
  int order = 3;  ///< 2 or 3
  double rtol = 0.05, atol = 0.0078;
  double first_step = 0.05;  ///< in lambda
  double proportional = 0, integral = 1, derivative = 0;
  double accept_safety = 0.81;  ///< a step whose successor would be shorter than this share of it is taken again
  StepNoiseSettings noise = {.eta = 0};
};
/// Throws NodeError for eta above 0 on a way from less noise to more.
at::Tensor dpm_adaptive(const SamplerCall& call, const AdaptiveSettings& settings);

enum class ErSdeKind {
  ErSde,  ///< the noise scale that its authors found best
  ReverseTime,  ///< the reverse-time SDE with `eta`
};
struct ErSdeSettings {
  ErSdeKind kind = ErSdeKind::ErSde;
  int order = 3;  ///< 1 to 3
  StepNoiseSettings noise = {};  ///< eta counts for ReverseTime alone; with 0 it is the ODE
};
at::Tensor er_sde(const SamplerCall& call, const ErSdeSettings& settings);

struct Seeds2Settings {
  bool second_order = false;  ///< phi_2: the integrator's second function; false: phi_1
  double r = 0.5;  ///< where in the step, in lambda, the second evaluation is; 1: at its end, Heun's method
  StepNoiseSettings noise = {};
};
at::Tensor seeds_2(const SamplerCall& call, const Seeds2Settings& settings);

struct SaSolverSettings {
  double noisy_from = 0, noisy_to = 0;  ///< sigmas between which noise is added; `noise.eta` is the paper's tau there
  std::size_t predictor_order = 3, corrector_order = 4;  ///< 1 to 6; 0 to 6, 0: no corrector
  bool evaluate_twice = false;  ///< PECE: also after the correction
  bool simple_order_2 = false;  ///< with two points the weights of the paper's appendix D
  StepNoiseSettings noise = {};
};
at::Tensor sa_solver(const SamplerCall& call, const SaSolverSettings& settings);

struct LcmSettings {
  double noise_scale = 1, last_noise_scale = 1;  ///< of the first and the last step; those between evenly
  double clip_deviations = 0;  ///< the noise is clipped at so many standard deviations; 0: not at all
};
at::Tensor lcm(const SamplerCall& call, const LcmSettings& settings);

/// Trajectory consistency distillation (Zheng et al. 2024, arXiv:2402.19159): each step goes to a lower level than the next, by
/// the share `eta` of timesteps, then noise up to it. 0: Euler's method; 1: latent consistency.
at::Tensor tcd(const SamplerCall& call, double eta);

}  // namespace weft::sd
