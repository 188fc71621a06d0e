// Recognises by its tensors' names a model that Weft cannot use where it was given, so that the error can say
// what the file is and where it belongs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace weft::sd {

/// Throws the ModelError that names the family, unless the names are those of a single-file checkpoint of
/// Stable Diffusion 1.x or latent diffusion.
void refuse_other_families(const std::filesystem::path& file, const std::vector<std::string>& names);

/// The same for a file that shall hold a U-Net alone, or one among other parts.
void refuse_other_unets(const std::filesystem::path& file, const std::vector<std::string>& names);

/// The same for a diffusers folder, by the pipeline's class in model_index.json.
void refuse_other_pipelines(const std::filesystem::path& folder, const std::string& pipeline_class);

}  // namespace weft::sd
