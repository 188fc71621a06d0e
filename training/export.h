// Writes the trained model the way the world reads it: diffusers folders with float16 safetensors.
#pragma once

#include <filesystem>

namespace weft::paper_cut {

/// From the trainings in `folder` to model_index.json, unet/, vae/, text_encoder/, tokenizer/ and scheduler/
/// in `to`, and label_encoder/ where labels are trained. The U-Nets that see more than a latent, as far as
/// they are trained, become folders in `unets`. Throws std::runtime_error when all is larger than 48 MB, or
/// the model alone than 20 MB.
void export_model(
    const std::filesystem::path& folder, const std::filesystem::path& to, const std::filesystem::path& unets);

}  // namespace weft::paper_cut
