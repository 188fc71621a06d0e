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
      break;
  }
  return 0;
}

}  // namespace

at::Tensor vector_for(std::span<const VectorPart> parts, std::int64_t vector_width, const ConditioningEntry& entry,
    std::int64_t height, std::int64_t width, bool negative) {
  if (parts.empty()) return {};
  const auto numbers = static_cast<std::int64_t>(parts.size()) - std::ranges::count(parts, VectorPart::Pooled);
  if (!entry.pooled.defined())
    throw NodeError("the conditioning has no pooled encoding of the text, which this model is told beside the words",
        "encode the text with this model's own text encoder");
  const std::int64_t embedding = (vector_width - entry.pooled.size(-1)) / std::max<std::int64_t>(1, numbers);
  if (embedding < 2 || embedding % 2 != 0 || embedding * numbers + entry.pooled.size(-1) != vector_width)
    throw NodeError(
        fmt::format("the conditioning's pooled encoding is {} wide, which does not fit the vector of {} that "
                    "the model is told beside the words",
            entry.pooled.size(-1), vector_width),
        "encode the text with this model's own text encoder");

  const PictureSize size = entry.size.value_or(PictureSize{height, width, 0, 0, height, width});
  const double score = entry.aesthetic_score.value_or(negative ? kNegativeAestheticScore : kAestheticScore);
  const at::Tensor pooled = entry.pooled.to(at::kCPU, at::kFloat);
  std::vector<at::Tensor> pieces;
  for (const VectorPart part : parts) {
    const at::Tensor number = at::full({1}, number_of(part, size, score), at::kFloat);
    pieces.push_back(
        part == VectorPart::Pooled ? pooled : timestep_embedding(number, embedding).expand({pooled.size(0), -1}));
  }
  return at::cat(pieces, 1);
}

}  // namespace weft::sd
