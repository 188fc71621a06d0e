// What all sampling nodes share: the way from a run's context to sd::sample() and back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nodes/sd/sampling/sample.h"
#include "nodes/sd/values/values.h"
#include "plugins/sdk.h"

namespace weft::sampler {

/// Names for a Choice.
std::vector<std::string> sampler_names();
std::vector<std::string> schedule_names();

Sampler builtin_sampler(const std::string& name);

/// A model and what it is guided by.
struct Guider {
  static constexpr std::string_view kType = "guider";

  Model model;
  Conditioning positive, negative;
  double cfg;
  std::optional<sd::DualGuidance> dual = {};  ///< `cfg` is then of positive over its middle
};

/// Where the noise of a sampling comes from.
struct Noise {
  static constexpr std::string_view kType = "noise";

  std::uint64_t seed = 0;
  bool add = true;        ///< false: the latent carries its noise already
  bool per_item = false;  ///< item k of a batch is drawn with seed + k

  /// To begin with, for that latent: zeros where none is to be added.
  at::Tensor start(const Latent& latent) const;
};

struct Sampled {
  Latent latent;
  Latent x0;  ///< the last step's estimate of the picture without noise
};

/// Samples `latent` along `sigmas`, with progress, previews and cancel through `ctx`; notes the seed.
Sampled run_sampler(RunContext& ctx, const Guider& guider, const Sampler& sampler, const Sigmas& sigmas,
    const Latent& latent, const Noise& noise);

}  // namespace weft::sampler
