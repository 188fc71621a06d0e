// The configuration of upscalers of another kind than ESRGAN's, read off the shapes of their tensors as spandrel does it, by the
// names that their authors gave them. Pure functions: any thread.
#pragma once

#include <optional>
#include <string>

#include "nodes/sd/networks/upscaler_config.h"
#include "nodes/sd/tensors/tensor_map.h"

namespace weft::sd {

/// SwinIR, DAT, HAT, SPAN or PLKSR; nothing for another file. `origin` is named in the ModelError where a tensor is missing
/// or a picture is not of three colours.
std::optional<UpscalerConfig> upscaler_of_shapes(const TensorMap& tensors, const std::string& origin);

/// Throws ModelError, by their names, for networks that are known and not supported.
void refuse_other_upscalers(const TensorMap& tensors, const std::string& origin);

inline constexpr const char* kUpscalerRemedy =
    "use an ESRGAN, Real-ESRGAN, compact, SwinIR, DAT, HAT, SPAN or PLKSR model as .safetensors";

}  // namespace weft::sd
