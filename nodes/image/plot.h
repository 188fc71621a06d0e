// Curves over two axes, as a picture.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "nodes/sd/pictures/raster.h"

namespace weft::image {

struct Axis {
  std::string name = {};
  double from = 0, to = 1;  ///< in the units of the data; with `logarithmic` above 0
  bool logarithmic = false;
  std::vector<double> ticks = {};
};

struct Curve {
  std::string name = {};
  std::string colour = "#000000";
  std::vector<sd::Point> points = {};  ///< in the units of the data
  bool dots = false;                   ///< mark each point
};

struct Plot {
  std::string title = {};
  Axis x = {}, y = {};
  std::vector<Curve> curves = {};
  bool names_above = true;  ///< where the curves' names stand at the right: above, or below for curves that rise
};

/// [height, width, 3], dark on white.
torch::Tensor draw_plot(const Plot& plot, std::int64_t width, std::int64_t height);

}  // namespace weft::image
