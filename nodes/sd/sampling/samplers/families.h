// Every sampler's function, for the table in samplers.cpp, and the few formulas that the families share.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>

#include "nodes/sd/sampling/sampler_settings.h"
#include "nodes/sd/sampling/samplers.h"
#include "nodes/sd/sampling/scalar_math.h"

namespace weft::sd {

// euler.cpp: first order, one evaluation a step
at::Tensor euler(const SamplerCall& call);
at::Tensor euler_cfg_pp(const SamplerCall& call);
at::Tensor euler_ancestral(const SamplerCall& call);
at::Tensor euler_ancestral_cfg_pp(const SamplerCall& call);
at::Tensor ddpm(const SamplerCall& call);
at::Tensor lcm(const SamplerCall& call);
// heun.cpp: several evaluations a step, averaged
at::Tensor heun(const SamplerCall& call);
at::Tensor heunpp2(const SamplerCall& call);
at::Tensor dpm_2(const SamplerCall& call);
at::Tensor dpm_2_ancestral(const SamplerCall& call);
// dpm_solver.cpp: DPM-Solver with steps of its own choice
at::Tensor dpm_fast(const SamplerCall& call);
at::Tensor dpm_adaptive(const SamplerCall& call);
// dpmpp.cpp: DPM-Solver++
at::Tensor dpmpp_2m(const SamplerCall& call);
at::Tensor dpmpp_2m_cfg_pp(const SamplerCall& call);
at::Tensor dpmpp_2s_ancestral(const SamplerCall& call);
at::Tensor dpmpp_2s_ancestral_cfg_pp(const SamplerCall& call);
// dpmpp_sde.cpp: SDE-DPM-Solver++, with Brownian noise
at::Tensor dpmpp_sde(const SamplerCall& call);
at::Tensor dpmpp_2m_sde(const SamplerCall& call);
at::Tensor dpmpp_2m_sde_heun(const SamplerCall& call);
at::Tensor dpmpp_3m_sde(const SamplerCall& call);
// multistep.cpp: Adams-Bashforth over earlier derivatives
at::Tensor lms(const SamplerCall& call);
at::Tensor ipndm(const SamplerCall& call);
at::Tensor ipndm_v(const SamplerCall& call);
at::Tensor deis(const SamplerCall& call);
// res_multistep.cpp: exponential integrators and gradient estimation
at::Tensor res_multistep(const SamplerCall& call);
at::Tensor res_multistep_cfg_pp(const SamplerCall& call);
at::Tensor res_multistep_ancestral(const SamplerCall& call);
at::Tensor res_multistep_ancestral_cfg_pp(const SamplerCall& call);
at::Tensor gradient_estimation(const SamplerCall& call);
at::Tensor gradient_estimation_cfg_pp(const SamplerCall& call);
// exponential_sde.cpp: solvers of the reverse SDE with step noise
at::Tensor er_sde(const SamplerCall& call);
at::Tensor exp_heun_2_x0(const SamplerCall& call);
at::Tensor exp_heun_2_x0_sde(const SamplerCall& call);
at::Tensor seeds_2(const SamplerCall& call);
at::Tensor seeds_3(const SamplerCall& call);
// sa_solver.cpp: Adams predictor and corrector with noise
at::Tensor sa_solver(const SamplerCall& call);
at::Tensor sa_solver_pece(const SamplerCall& call);
// uni_pc.cpp: predictor and corrector
at::Tensor uni_pc(const SamplerCall& call);
at::Tensor uni_pc_bh2(const SamplerCall& call);

/// dx / dsigma
inline at::Tensor derivative(const at::Tensor& x, float sigma, const at::Tensor& x0) { return (x - x0) / sigma; }

/// lambda = -log sigma, half the log signal-to-noise ratio: the time in which DPM-Solver steps are even.
inline float half_log_snr(float sigma) { return -scalar::log(sigma); }
inline float sigma_at(float lambda) { return scalar::exp(-lambda); }

/// alpha, the signal's scale at a noise level: 1 in variance exploding form, but for float32's rounding,
/// which samplers keep, as the implementation that users compare with does.
inline float signal(float sigma, float lambda) { return sigma * scalar::exp(lambda); }

/// The lambda after a share of the way, rounded as torch.lerp rounds it: for samplers that are published with it. The
/// others go by a product, lambda + share * h, which can be a bit away.
inline float between(float from, float to, float share) {
  return share < 0.5f ? std::fma(share, to - from, from) : std::fma(from - to, 1 - share, to);
}

/// A step to `next` as a deterministic part down to sigma `down`, then fresh noise of deviation `up`.
struct AncestralStep {
  float down, up;
};

inline AncestralStep ancestral_step(float sigma, float next, double eta = 1) {
  if (eta == 0) return {next, 0};
  const float from = sigma * sigma, to = next * next;
  const float up = std::min(next, static_cast<float>(eta) * std::sqrt(to * (from - to) / from));
  return {std::sqrt(to - up * up), up};
}

/// The step noise of a call.
inline StepNoise step_noise(const SamplerCall& call) { return {call.x, call.seed, call.batch_noise, call.places}; }

}  // namespace weft::sd
