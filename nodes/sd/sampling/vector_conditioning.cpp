#include "nodes/sd/sampling/vector_conditioning.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "nodes/sd/networks/unet.h"

namespace weft::sd {
namespace {

constexpr double kAestheticScore = 6, kNegativeAestheticScore = 2.5;

double number_of(VectorPart part, const PictureSize& size, double score) {
  switch (part) {
    case VectorPart::Height:
      return static_cast<double>(size.height);
    case VectorPart::Width:
      return static_cast<double>(size.width);
    case VectorPart::CropTop:
      return static_cast<double>(size.crop_top);
    case VectorPart::CropLeft:
      return static_cast<double>(size.crop_left);
    case VectorPart::TargetHeight:
      return static_cast<double>(size.target_height);
    case VectorPart::TargetWidth:
      return static_cast<double>(size.target_width);
    case VectorPart::AestheticScore:
      return score;
    case VectorPart::Pooled:
    case VectorPart::Pictures:
      break;
  }
  return 0;
}

constexpr double kNoiseOnMergedPictures = 0.05;  // ComfyUI's, of unCLIP models

at::Tensor pictures_for(const VectorSpec& spec, const ConditioningEntry& entry, std::uint64_t seed) {
  if (entry.image_prompts.empty()) return at::zeros({1, spec.width});
  for (const ImagePrompt& prompt : entry.image_prompts)
    if (2 * prompt.embeddings.size(1) != spec.width)
      throw NodeError(fmt::format("the picture's embedding has {} values, and this model is told {}",
                          prompt.embeddings.size(1), spec.width / 2),
          "encode the picture with the vision encoder of this model's own file");
  return image_prompt_vector(entry.image_prompts, spec.image_norm, kNoiseOnMergedPictures, seed);
}

/// Of the text; or of pictures in its place.
at::Tensor pooled_for(const ConditioningEntry& entry, std::uint64_t seed) {
  if (!entry.image_prompts.empty()) {
    const at::Tensor vector = image_prompt_vector(entry.image_prompts, {}, /*merged_noise=*/0, seed);
    return vector.narrow(1, 0, vector.size(1) / 2);
  }
  if (entry.pooled.defined()) return entry.pooled.to(at::kCPU, at::kFloat);
  throw NodeError("the conditioning has no pooled encoding of the text, which this model is told beside the words",
      "encode the text with this model's own text encoder");
}

}  // namespace

at::Tensor vector_for(const VectorSpec& spec, const ConditioningEntry& entry, const VectorRequest& request) {
  if (spec.parts.empty()) return {};
  if (spec.parts.front() == VectorPart::Pictures) return pictures_for(spec, entry, request.seed);
  const auto numbers =
      static_cast<std::int64_t>(spec.parts.size()) - std::ranges::count(spec.parts, VectorPart::Pooled);
  const at::Tensor pooled = pooled_for(entry, request.seed);
  const std::int64_t embedding = (spec.width - pooled.size(-1)) / std::max<std::int64_t>(1, numbers);
  if (embedding < 2 || embedding % 2 != 0 || embedding * numbers + pooled.size(-1) != spec.width)
    throw NodeError(
        fmt::format("the conditioning's pooled encoding is {} wide, which does not fit the vector of {} that "
                    "the model is told beside the words",
            pooled.size(-1), spec.width),
        "encode the text with this model's own text encoder");

  const PictureSize size =
      entry.size.value_or(PictureSize{request.height, request.width, 0, 0, request.height, request.width});
  const double score = entry.aesthetic_score.value_or(request.negative ? kNegativeAestheticScore : kAestheticScore);
  std::vector<at::Tensor> pieces;
  for (const VectorPart part : spec.parts) {
    const at::Tensor number = at::full({1}, number_of(part, size, score), at::kFloat);
    pieces.push_back(
        part == VectorPart::Pooled ? pooled : timestep_embedding(number, embedding).expand({pooled.size(0), -1}));
  }
  return at::cat(pieces, 1);
}

}  // namespace weft::sd
