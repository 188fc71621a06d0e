#include "training/held_out_renders.h"

#include <torch/torch.h>

#include "training/latent_cache.h"
#include "training/unet_training.h"
#include "training/vae_training.h"

namespace weft::paper_cut {
namespace {

constexpr std::uint64_t kRenderSeed = 31337;

}  // namespace

Renders held_out_renders(std::int64_t count) {
  const std::vector<Scene> held = held_out_scenes(1'000'000);
  std::vector<Scene> scenes;
  for (std::int64_t i = 0; i < count; ++i) scenes.push_back(held[std::size_t(i) % held.size()]);
  return renders_of(std::move(scenes));
}

Renders renders_of(std::vector<Scene> scenes) {
  std::vector<at::Tensor> pictures, labels;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    const Picture picture = render(scenes[i], kRenderSeed + i);
    pictures.push_back(picture_tensor(picture));
    labels.push_back(labels_of(picture));
  }
  return {std::move(scenes), at::stack(pictures), at::stack(labels)};
}

}  // namespace weft::paper_cut
