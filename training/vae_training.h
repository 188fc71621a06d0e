// Trains the autoencoder on pictures that are drawn as it goes. Small things matter more than their share of
// the pixels: most of the time it sees 64x64 crops, half of them around the subject; only the last part of
// the training sees whole pictures, so that normalisation and attention settle at the size that is used.
#pragma once

#include <ATen/core/Tensor.h>

#include "training/renderer.h"
#include "training/sitting.h"

namespace weft::paper_cut {

/// RGB bytes as [3, kSize, kSize] in [-1, 1].
at::Tensor picture_tensor(const Picture& picture);

/// Pictures [count, 3, kSize, kSize] of random training scenes, or of held-out ones; the seed decides which.
at::Tensor draw_pictures(std::int64_t count, std::uint64_t seed, bool held_out_scenes = false);

struct VAETrainingOptions {
  std::int64_t crops = 16;         ///< 64x64 crops a step
  std::int64_t workers = 2;        ///< threads that each take a share of the step
  double whole_from = 0.7;    ///< the part of the training from which whole pictures are used
  bool decoder_only = false;  ///< leave the encoder (and so the latents) as it is
};

void train_vae(const SittingOptions& options, const VAETrainingOptions& vae_options);

/// Peak signal-to-noise ratio in dB of pictures in [-1, 1].
double psnr(const at::Tensor& a, const at::Tensor& b);

}  // namespace weft::paper_cut
