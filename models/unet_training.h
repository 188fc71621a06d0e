// Trains the text encoder and the U-Net together, on latents that are computed once; captions are made anew
// at every step, so that each scene is said in many ways.
#pragma once

#include "models/paper_cut_model.h"
#include "models/scene.h"
#include "models/sitting.h"

namespace weft::paper_cut {

/// Draws `count` pictures of training scenes, encodes them with the trained autoencoder and saves latents,
/// scenes and the scaling factor (1 / their standard deviation) as latents.safetensors in the folder.
void cache_latents(const std::filesystem::path& folder, int64_t count, uint64_t seed, int64_t threads);

struct UNetTrainingOptions {
  int64_t batch = 64;
  int64_t workers = 2;  ///< threads that each take a share of the batch

  // The loss weighs errors of the picture by its signal-to-noise ratio, at most 5 (Hang et al. 2023,
  // arXiv:2303.09556), but never by less than least_weight: what lies where, and at what hour, is decided while
  // there is mostly noise, and as errors of the noise these decisions are all but invisible.
  float least_weight = 0.1f;
  float noisy_share = 0.4f;   ///< that share of a batch is drawn from the timesteps from noisy_from up
  float noisy_from = 550;
  float short_captions = 0.4f;  ///< the share of captions that leave things out; a tenth more is empty
  double average = 0.999;       ///< of the moving average of the weights
};

void train_unet(const SittingOptions& options, const UNetTrainingOptions& unet_options);

/// The model as the folder's trainings have it now (averaged weights).
PaperCutModel trained_model(const std::filesystem::path& folder);

/// 1 / standard deviation of the cached latents.
double measured_scaling_factor(const std::filesystem::path& folder);

/// `count` held-out scenes, the same ones every time, each once.
std::vector<Scene> held_out_scenes(int64_t count);

/// A full caption of each, the same every time.
std::vector<std::string> captions_of(const std::vector<Scene>& scenes);

}  // namespace weft::paper_cut
