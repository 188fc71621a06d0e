// Hints for ControlNets that need no network: edges, scribbles, tiles, shuffled content, brightness, colours, black and
// white. As comfyui_controlnet_aux and the annotators of ControlNet's authors draw them, with OpenCV. A picture is uint8
// [H, W, 3] on the CPU, and so is a hint.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace weft::sd {

enum class Enlarge { Cubic, Area };  ///< how a picture grows; all shrink by Area

/// `draw` on the picture with its shorter side scaled to `side` pixels (0: as it is) and its right and lower edge continued
/// to multiples of 64, which are cut from the hint again.
at::Tensor annotated(const at::Tensor& rgb, std::int64_t side, Enlarge enlarge,
    const std::function<at::Tensor(const at::Tensor&)>& draw);

/// White on black: cv2.Canny, on the channel that changes most; changes count from 0 to 2040.
at::Tensor canny_hint(const at::Tensor& rgb, std::int64_t low, std::int64_t high);
/// Black where any channel is below the middle, else white.
at::Tensor scribble_hint(const at::Tensor& rgb);
/// White where a narrow blur is darker than a wide one by more than half of `threshold`: what lines are. Twice the
/// difference is counted in a byte, which runs over, as it does there: from 128 on it begins at 0 again.
at::Tensor difference_of_gaussians_hint(const at::Tensor& rgb, std::int64_t threshold);
/// Bright where a pixel is darker than a blur of `sigma` pixels: lines. Half bright is the median of those that are darker by
/// more than `threshold`, from 0 to 255, and at least 16.
at::Tensor line_art_hint(const at::Tensor& rgb, double sigma, double threshold);
/// Sides rounded to multiples of 64, shrunk and doubled again `halvings` times: blurred. Sides: more than 32, and at
/// least 2^halvings when rounded.
at::Tensor tile_hint(const at::Tensor& rgb, std::int64_t halvings);
/// The picture's content at other places, which a smooth random flow says.
at::Tensor shuffled_hint(const at::Tensor& rgb, std::uint64_t seed);
/// Brightness to the power of `gamma`: CIE's lightness, with red and blue exchanged as there; or the strongest channel.
at::Tensor lightness_hint(const at::Tensor& rgb, double gamma);
at::Tensor intensity_hint(const at::Tensor& rgb, double gamma);
/// A square of 64 pixels of each colour, after scaling the shorter side to `side`. Sides then: at least 64.
at::Tensor colour_grid_hint(const at::Tensor& rgb, std::int64_t side);
/// White above the threshold, from 0 to 255, else black; 0 and 255 look for the best one (Otsu 1979).
at::Tensor binary_hint(const at::Tensor& rgb, std::int64_t threshold);

}  // namespace weft::sd
