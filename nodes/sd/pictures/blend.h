// Two pictures mixed into one: by a blend mode, or as layers with transparency. A picture is [B, H, W, C] in [0, 1]; both
// are of one size here.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string_view>

namespace weft::sd {

/// "normal", "multiply", "screen", "overlay", "soft_light", "difference": all that blended() takes.
std::span<const std::string_view> blend_modes();

/// `base` with `above` laid over it, not clamped; `difference` is base - above, with its sign, as in ComfyUI. Throws
/// std::invalid_argument for a mode that is none.
at::Tensor blended(const at::Tensor& base, const at::Tensor& above, std::string_view mode);

/// A picture that is transparent in part.
struct Layer {
  at::Tensor colours;  ///< [B, H, W, C], not multiplied by alpha
  at::Tensor alpha;  ///< [B, H, W, 1]: 1 is opaque
};

/// "ADD", "CLEAR", "SRC_OVER" ...: all that composed() takes.
std::span<const std::string_view> porter_duff_operations();

/// Porter and Duff's operators (1984) and the separable modes that work like them. What comes out transparent is black.
/// Throws std::invalid_argument for an operation that is none.
Layer composed(const Layer& source, const Layer& destination, std::string_view operation);

}  // namespace weft::sd
