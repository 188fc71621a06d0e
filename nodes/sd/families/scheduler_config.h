// The scheduler_config.json of a diffusers folder. It holds two things: what noise the model was trained
// with, which counts here as there, and how diffusers' own scheduler walks along it, which in Weft is the
// workflow's choice.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nodes/sd/families/continuous_noise.h"
#include "nodes/sd/networks/prediction.h"

namespace weft::sd {

struct SchedulerConfig {
  std::vector<double> betas;  ///< empty: it says none
  bool zero_terminal_snr = false;
  std::optional<ContinuousNoise> continuous = {};  ///< in place of betas: diffusers' EDM schedulers
  std::optional<Prediction> prediction;
  std::vector<std::string> ignored;  ///< keys whose values would count in diffusers
};

/// A file that is not there says nothing. Where one of the keys of betas is there, those that are not have
/// diffusers' defaults. Throws ModelError for values that are none, or that ask for training of another kind.
SchedulerConfig read_scheduler_config(const std::filesystem::path& path);

/// epsilon or v_prediction. Throws ModelError for another.
Prediction prediction_of(const std::string& origin, const std::string& name);

/// Throws ModelError, unless these are shares of noise that leave some signal until the end. `place` is where
/// in the file they are.
void require_betas(const std::string& origin, const std::vector<double>& betas, const std::string& place);

}  // namespace weft::sd
