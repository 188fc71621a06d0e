// Pictures that take over the colours of others, with ComfyUI's meaning of each method. A picture is float32 [B, H, W, 3]
// in [0, 1].
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

namespace weft::sd {

enum class ColourMatch {
  Reinhard,  ///< mean and deviation of each channel of CIE L*a*b* (Reinhard 2001)
  MongeKantorovich,  ///< the mean of L*a*b* and the covariance of its channels (Pitie 2007)
  Histogram,  ///< the distribution of each channel of RGB, in 256 levels
};

/// Of which colours the change is worked out that leads to those of the reference.
enum class ColourBaseline {
  EachPicture,  ///< of each picture by itself, to the reference of its number, or the last
  AllPictures,  ///< of all together: their differences stay
  OnePicture,  ///< of picture `index`: the others change alike
};

struct ColourMatchOptions {
  ColourMatch method = ColourMatch::Reinhard;
  ColourBaseline baseline = ColourBaseline::EachPicture;
  std::int64_t index = 0;  ///< beyond the last: the last
  double strength = 1;  ///< 0 changes nothing, 1 takes the colours over
};

/// `images` in the colours of `reference`, which may have another size.
at::Tensor colours_matched(const at::Tensor& images, const at::Tensor& reference, const ColourMatchOptions& options);

/// CIE L*a*b* (D65) of sRGB [B, H, W, 3], and back, clamped.
at::Tensor lab_of(const at::Tensor& rgb);
at::Tensor rgb_of_lab(const at::Tensor& lab);

}  // namespace weft::sd
