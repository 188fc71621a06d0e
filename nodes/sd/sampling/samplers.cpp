#include "nodes/sd/sampling/samplers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "nodes/sd/sampling/samplers/families.h"

namespace weft::sd {
namespace {

constexpr auto kSamplers = std::to_array<SamplerInfo>({
    {"euler", euler},
    {"euler_cfg_pp", euler_cfg_pp},
    {"euler_ancestral", euler_ancestral},
    {"euler_ancestral_cfg_pp", euler_ancestral_cfg_pp},
    {"heun", heun},
    {"heunpp2", heunpp2},
    {"exp_heun_2_x0", exp_heun_2_x0},
    {"exp_heun_2_x0_sde", exp_heun_2_x0_sde},
    {"dpm_2", dpm_2, /*drops_penultimate_sigma=*/true},
    {"dpm_2_ancestral", dpm_2_ancestral, /*drops_penultimate_sigma=*/true},
    {"lms", lms},
    {"dpm_fast", dpm_fast},
    {"dpm_adaptive", dpm_adaptive},
    {"dpmpp_2s_ancestral", dpmpp_2s_ancestral},
    {"dpmpp_2s_ancestral_cfg_pp", dpmpp_2s_ancestral_cfg_pp},
    {"dpmpp_sde", dpmpp_sde},
    {"dpmpp_sde_gpu", dpmpp_sde},  // our noise comes from the CPU always
    {"dpmpp_2m", dpmpp_2m},
    {"dpmpp_2m_cfg_pp", dpmpp_2m_cfg_pp},
    {"dpmpp_2m_sde", dpmpp_2m_sde},
    {"dpmpp_2m_sde_gpu", dpmpp_2m_sde},
    {"dpmpp_2m_sde_heun", dpmpp_2m_sde_heun},
    {"dpmpp_2m_sde_heun_gpu", dpmpp_2m_sde_heun},
    {"dpmpp_3m_sde", dpmpp_3m_sde},
    {"dpmpp_3m_sde_gpu", dpmpp_3m_sde},
    {"ddpm", ddpm},
    {"lcm", lcm},
    {"ipndm", ipndm},
    {"ipndm_v", ipndm_v},
    {"deis", deis},
    {"res_multistep", res_multistep},
    {"res_multistep_cfg_pp", res_multistep_cfg_pp},
    {"res_multistep_ancestral", res_multistep_ancestral},
    {"res_multistep_ancestral_cfg_pp", res_multistep_ancestral_cfg_pp},
    {"gradient_estimation", gradient_estimation},
    {"gradient_estimation_cfg_pp", gradient_estimation_cfg_pp},
    {"er_sde", er_sde},
    {"seeds_2", seeds_2},
    {"seeds_3", seeds_3},
    {"sa_solver", sa_solver},
    {"sa_solver_pece", sa_solver_pece},
    {"ddim", euler, /*drops_penultimate_sigma=*/false, /*fresh_mask_noise=*/true},
    {"uni_pc", uni_pc, /*drops_penultimate_sigma=*/true},
    {"uni_pc_bh2", uni_pc_bh2, /*drops_penultimate_sigma=*/true},
});

}  // namespace

at::Tensor SamplerCall::evaluate(std::int64_t i, const at::Tensor& x) const {
  at::Tensor x0 = denoise(x, sigmas[i]);
  report(i, sigmas[i], x, x0);
  return x0;
}

Guided SamplerCall::evaluate_guided(std::int64_t i, const at::Tensor& x) const {
  Guided guided = denoise_guided(x, sigmas[i]);
  report(i, sigmas[i], x, guided.x0);
  return guided;
}

void SamplerCall::report(std::int64_t i, float sigma, const at::Tensor& x, const at::Tensor& x0) const {
  if (on_step) on_step({i, steps(), sigma, x, x0});
}

std::span<const SamplerInfo> samplers() { return kSamplers; }

const SamplerInfo& find_sampler(std::string_view name) {
  const auto found = std::ranges::find(kSamplers, name, &SamplerInfo::name);
  if (found != kSamplers.end()) return *found;
  std::string names;
  for (const SamplerInfo& info : kSamplers) names += (names.empty() ? "" : ", ") + std::string(info.name);
  throw std::invalid_argument(fmt::format("there is no sampler \"{}\": choose one of {}", name, names));
}

}  // namespace weft::sd
