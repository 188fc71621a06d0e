// What stands where in a picture: a class for each pixel, and the legend that gives each class its name and colour. People
// draw such maps as coloured pictures; models for semantic image synthesis take them beside the latent.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

namespace sd {

struct LegendEntry {
  std::string name;
  std::array<int, 3> rgb;  ///< 0 to 255
};

/// The classes in the order in which a model counts them.
using Legend = std::vector<LegendEntry>;

}  // namespace sd

struct SegmentationMap {
  static constexpr std::string_view kType = "segmentation_map";

  at::Tensor classes;  ///< int64 [B, H, W], places in the legend
  sd::Legend legend = {};

  std::size_t bytes() const { return classes.defined() ? classes.nbytes() : 0; }
};

namespace sd {

/// One `name #rrggbb` a line; names may hold spaces, empty lines are skipped. Throws NodeError naming the line: no colour,
/// a name or colour that stands twice.
Legend parse_legend(std::string_view text);

/// The place of the class with that name. Throws NodeError, which proposes the nearest names.
std::int64_t class_of(const Legend& legend, std::string_view name);

enum class UnknownColour : std::uint8_t { Refuse, TakeNearest };

/// The class of each pixel of [B, H, W, 3] in [0, 1]. Colours may differ from the legend's by 1/255, as rounding makes
/// them. Throws NodeError for others: names the most frequent with their counts and the nearest entry.
at::Tensor find_classes(const at::Tensor& pixels, const Legend& legend, UnknownColour unknown);

/// The map in the legend's colours: float32 [B, H, W, 3] in [0, 1].
at::Tensor paint_classes(const SegmentationMap& map);

/// 1 at each place's class, 0 elsewhere: float32 [B, classes, H, W].
at::Tensor one_hot(const SegmentationMap& map);

}  // namespace sd
}  // namespace weft
