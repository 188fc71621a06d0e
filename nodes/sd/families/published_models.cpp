#include "nodes/sd/families/published_models.h"

#include <algorithm>
#include <iterator>

#include "nodes/sd/networks/latent_space.h"

namespace weft::sd {
namespace {

constexpr PublishedModel kStableDiffusion{320, 768, 8, 0, 0.00085, 0.012, 8, kStableDiffusionScale};

constexpr PublishedModel kPublished[] = {
    {192, 512, 1, 0, 0.0015, 0.0195, 4, 1},   // cin256-v2: classes of ImageNet, VQ-f4
    {256, 512, 0, 32, 0.0015, 0.0195, 8, 1},  // cin256: the same, VQ-f8
    {192, 640, 0, 32, 0.0015, 0.0195, 4, 1},  // text2img256: words, VQ-f4
    {128, 0, 8, 0, 0.0015, 0.0205, 4, 1},     // semantic_synthesis256 and 512: segmentation maps, VQ-f4
    {224, 0, 0, 32, 0.0015, 0.0195, 4, 1},    // celeba256, ffhq256, lsun_beds256: nothing, VQ-f4
};                                            // txt2img-f8-large (320, 1280) has Stable Diffusion's

}  // namespace

PublishedModel published_model(int64_t width, int64_t context_dim) {
  const auto* found = std::find_if(std::begin(kPublished), std::end(kPublished),
      [&](const PublishedModel& model) { return model.width == width && model.context_dim == context_dim; });
  return found == std::end(kPublished) ? kStableDiffusion : *found;
}

}  // namespace weft::sd
