// What a model file is, by the names and shapes of its tensors. Pure functions: any thread.
#pragma once

#include <string_view>

#include "nodes/sd/files/weight_file.h"

namespace weft::sd {

enum class ModelKind : std::uint8_t {
  Checkpoint,
  UNet,
  VAE,
  TextEncoder,
  ControlNet,
  Adapter,  ///< LoRA and its kin
  Embedding,
  Upscaler,
  Unknown,
};

/// "checkpoint", "unet", "lora" ...: words for JSON.
std::string_view kind_name(ModelKind kind);

ModelKind kind_of(const WeightFile& file);

}  // namespace weft::sd
