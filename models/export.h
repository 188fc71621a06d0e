// Writes the trained model the way the world reads it: a diffusers folder with float16 safetensors.
#pragma once

#include <filesystem>

namespace weft::paper_cut {

/// From the trainings in `folder` to model_index.json, unet/, vae/, text_encoder/, tokenizer/ and scheduler/
/// in `to`. Throws std::runtime_error when the result would be larger than 20 MB.
void export_model(const std::filesystem::path& folder, const std::filesystem::path& to);

}  // namespace weft::paper_cut
