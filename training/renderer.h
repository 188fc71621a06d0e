// Draws a Scene as a paper-cut landscape: flat layers of paper, each with a soft shadow on what lies behind
// it. No libraries, about a millisecond a picture on one core, the same bytes for the same scene and seed.
// Any thread may call it.
#pragma once

#include <cstdint>
#include <vector>

#include "training/scene.h"

namespace weft::paper_cut {

inline constexpr int kSize = 128;  ///< pixels in each direction

/// What a pixel shows.
enum class Label : std::uint8_t {
  Sky,
  Sun,
  Moon,
  Hills,
  Mountains,
  Sea,
  Snow,
  Desert,
  Shore,
  House,
  Tree,
  Boat,
  Fox,
  ArcticFox
};

/// The label of a subject: what the whole picture is "of".
Label label_of(Subject subject);

struct Picture {
  std::vector<std::uint8_t> rgb;   ///< [kSize * kSize * 3], rows from the top
  std::vector<Label> labels;  ///< [kSize * kSize]
};

/// The seed decides what the words leave open: shapes of waves, clouds, exact places and sizes.
Picture render(const Scene& scene, std::uint64_t seed);

}  // namespace weft::paper_cut
