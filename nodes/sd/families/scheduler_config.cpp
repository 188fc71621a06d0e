#include "nodes/sd/families/scheduler_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "nodes/sd/families/config_keys.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/model_json.h"
#include "nodes/sd/sampling/noise_schedule.h"

namespace weft::sd {
namespace {

// How diffusers' schedulers go along the noise levels. In Weft the nodes for sampling say it: their samplers
// end at no noise, clip nothing, and have their own schedules. Each with the values that mean the same.
constexpr KeyRule kWalk[] = {
    {"timestep_spacing", {}},
    {"steps_offset", {}},
    {"set_alpha_to_one", {"true"}},
    {"clip_sample", {"false"}},
    {"thresholding", {"false"}},
    {"use_karras_sigmas", {"false"}},
    {"use_exponential_sigmas", {"false"}},
    {"use_beta_sigmas", {"false"}},
    {"use_flow_sigmas", {"false"}},
    {"final_sigmas_type", {"\"zero\""}},
    {"interpolation_type", {"\"linear\""}},
    {"timestep_type", {"\"discrete\""}},
    {"sigma_min", {}},
    {"sigma_max", {}},
};

/// Nichol & Dhariwal 2021 (arXiv:2102.09672), eq. 17.
std::vector<double> cosine_betas(std::int64_t timesteps) {
  const auto signal = [&](std::int64_t t) {
    const double angle = (static_cast<double>(t) / static_cast<double>(timesteps) + 0.008) / 1.008;
    return std::pow(std::cos(angle * std::numbers::pi / 2), 2);
  };
  std::vector<double> betas;
  for (std::int64_t t = 0; t < timesteps; ++t) betas.push_back(std::min(1 - signal(t + 1) / signal(t), 0.999));
  return betas;
}

/// GeoDiff's, from -6 to 6.
std::vector<double> sigmoid_betas(double start, double end, std::int64_t timesteps) {
  std::vector<double> betas = linear_betas(-6, 6, timesteps);
  for (double& beta : betas) beta = start + (end - start) / (1 + std::exp(-beta));
  return betas;
}

/// One for each timestep.
std::vector<double> trained_betas(const ConfigFile& file) {
  std::vector<double> betas = file.reals("trained_betas");
  const auto timesteps = file.integer("num_train_timesteps");
  if (timesteps && static_cast<std::size_t>(*timesteps) != betas.size())
    throw ModelError(file.origin(),
        fmt::format("trained_betas has {} numbers, and num_train_timesteps is {}", betas.size(), *timesteps),
        "they must be as many: download it again");
  return betas;
}

std::vector<double> betas_of(const ConfigFile& file) {
  if (file.has("trained_betas")) return trained_betas(file);
  const bool said = std::ranges::any_of(std::initializer_list<const char*>{"beta_start", "beta_end", "beta_schedule"},
      [&](const char* key) { return file.has(key); });
  if (!said) return {};
  const double start = file.real("beta_start").value_or(1e-4), end = file.real("beta_end").value_or(0.02);
  const std::int64_t timesteps = file.integer("num_train_timesteps").value_or(1000);
  const std::string schedule = file.text("beta_schedule").value_or("linear");
  for (const auto& [key, beta] : {std::pair("beta_start", start), std::pair("beta_end", end)})
    if (!(beta > 0 && beta < 1)) file.fail(key, "above 0 and below 1");
  if (schedule == "linear") return linear_betas(start, end, timesteps);
  if (schedule == "scaled_linear") return scaled_linear_betas(start, end, timesteps);
  if (schedule == "squaredcos_cap_v2") return cosine_betas(timesteps);
  if (schedule == "sigmoid") return sigmoid_betas(start, end, timesteps);
  file.fail("beta_schedule", "linear, scaled_linear, squaredcos_cap_v2 or sigmoid");
}

/// Models that were trained on another kind of noise altogether.
void refuse_other_noise(const ConfigFile& file) {
  const std::string name = file.text("_class_name").value_or("");
  if (name.find("FlowMatch") != name.npos)
    throw ModelError(file.origin(), fmt::format("is of a model for the {}, whose noise is of another kind", name),
        "models that predict epsilon or v are supported");
}

/// diffusers' EDM schedulers: EDMEulerScheduler, EDMDPMSolverMultistepScheduler.
std::optional<ContinuousNoise> continuous_noise_of(const ConfigFile& file) {
  if (!file.text("_class_name").value_or("").starts_with("EDM")) return std::nullopt;
  return ContinuousNoise{.sigma_min = file.real("sigma_min").value_or(0.002),
      .sigma_max = file.real("sigma_max").value_or(80),
      .data_deviation = file.real("sigma_data").value_or(0.5)};
}

}  // namespace

Prediction prediction_of(const std::string& origin, const std::string& name) {
  if (name == "epsilon") return Prediction::Noise;
  if (name == "v_prediction") return Prediction::Velocity;
  throw ModelError(origin, fmt::format("has prediction type \"{}\"", name), "epsilon and v_prediction are supported");
}

void require_betas(const std::string& origin, const std::vector<double>& betas, const std::string& place) {
  constexpr double kLeastSignal = 1e-30;  // whose sigma is a float yet
  double signal = 1;
  bool sound = betas.size() >= 2;
  for (const double beta : betas) {
    sound = sound && beta > 0 && beta < 1;
    signal *= 1 - beta;
  }
  if (sound && signal > kLeastSignal) return;
  throw ModelError(origin, fmt::format("its noise schedule ({}) is damaged", place),
      "it must be two or more numbers between 0 and 1 that leave some signal: download it again");
}

SchedulerConfig read_scheduler_config(const std::filesystem::path& path) {
  const ConfigFile file(path);
  refuse_other_noise(file);
  SchedulerConfig config{.betas = betas_of(file),
      .zero_terminal_snr = file.boolean("rescale_betas_zero_snr").value_or(false),
      .prediction = std::nullopt,
      .ignored = other_values(file, kWalk)};
  if (!config.betas.empty() || file.has("trained_betas")) require_betas(file.origin(), config.betas, "betas");
  if (const auto name = file.text("prediction_type")) config.prediction = prediction_of(file.origin(), *name);
  config.continuous = continuous_noise_of(file);
  if (config.continuous)
    std::erase_if(config.ignored, [](const std::string& key) { return key == "sigma_min" || key == "sigma_max"; });
  // There epsilon is what Karras et al. scale to x0, the velocity's opposite.
  if (config.continuous && config.prediction.value_or(Prediction::Noise) == Prediction::Noise)
    config.prediction = Prediction::Edm;
  return config;
}

}  // namespace weft::sd
