// Trains the text encoder and the U-Net together, on latents that are computed once; captions are made anew
// at every step, so that each scene is said in many ways.
#pragma once

#include "training/diffusion_loss.h"
#include "training/paper_cut_model.h"
#include "training/scene.h"
#include "training/sitting.h"

namespace weft::paper_cut {

struct UNetTrainingOptions {
  std::int64_t batch = 64;
  std::int64_t workers = 2;  ///< threads that each take a share of the batch
  TimestepOptions timesteps;
  float short_captions = 0.4f;  ///< the share of captions that leave things out; a tenth more is empty
  // Places were at chance for 9,000 steps: which of two "left" is the subject's has to be understood first,
  // and places made up 0.2 % of a context's variance, which a U-Net that lives by the other 99 % does not
  // find. So the encoder learns to be read before the U-Net learns to listen, and goes on with it.
  std::int64_t text_first = 2000;    ///< steps in which the text encoder learns alone
  float reading_weight = 0.1f;  ///< of the error of reading the scene from a caption's encoding
  double average = 0.999;       ///< of the moving average of the weights
};

void train_unet(const SittingOptions& options, const UNetTrainingOptions& unet_options);

/// The model as the folder's trainings have it now (averaged weights).
PaperCutModel trained_model(const std::filesystem::path& folder);

/// `count` held-out scenes, the same ones every time, each once.
std::vector<Scene> held_out_scenes(std::int64_t count);

/// A full caption of each, the same every time.
std::vector<std::string> captions_of(const std::vector<Scene>& scenes);

}  // namespace weft::paper_cut
