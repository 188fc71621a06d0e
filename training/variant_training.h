// Variants of the embedded model, made from its weights: one that is told a label in place of words, and two
// whose U-Nets see more than a noisy latent: a masked picture (inpainting), or a segmentation map.
#pragma once

#include <string>
#include <vector>

#include "nodes/sd/networks/unet.h"
#include "training/diffusion_loss.h"
#include "training/latent_cache.h"
#include "training/sitting.h"

namespace weft::paper_cut {

struct VariantTrainingOptions {
  std::int64_t batch = 32;
  std::int64_t workers = 1;  ///< threads that each take a share of the batch
  TimestepOptions timesteps;
  float short_captions = 0.4f;
  double average = 0.999;
};

/// Trains a U-Net that also sees what cache_concat() saved, from the weights of the trained one, whose text
/// encoder stays as it is. Its state is inpainting.safetensors or segmentation.safetensors.
void train_concat_unet(const SittingOptions& options, Concat kind, const VariantTrainingOptions& variant);

/// The U-Net's sizes: the embedded model's with more channels in.
sd::UNetConfig concat_unet_config(Concat kind);

/// "inpainting" or "segmentation": of state, and behind "paper-cut-" of what is shipped.
std::string name_of(Concat kind);

/// What the label model can be asked for, in the order of its table; the last one is no label at all.
const std::vector<std::string>& label_names();

/// Tokens that a label stands for.
inline constexpr std::int64_t kLabelTokens = 8;

/// Trains the table of labels alone (state labels.safetensors); text encoder and U-Net stay as they are, so
/// that the same U-Net takes words and labels. Labels begin as the words of their names.
void train_labels(const SittingOptions& options, const VariantTrainingOptions& variant);

/// Which label a scene has.
std::int64_t label_of_scene(const Scene& scene);

}  // namespace weft::paper_cut
