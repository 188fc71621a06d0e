// The latent diffusion paper's own models, scaled down: single-file checkpoints of seeded weights, and what
// diffusers makes of them (tests/reference/make_paper_golden.py).
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/networks/weights.h"

namespace weft::sd {

/// `name`: cin (classes, VQ), semantic (maps, VQ with attention at a level), txt2img (BERT's words, KL).
TensorMap paper_tensors(const std::string& name);

/// What no shape tells, as the file's metadata.
std::map<std::string, std::string> paper_metadata(const std::string& name);

void write_paper_model(const std::filesystem::path& path, const std::string& name);

SafetensorsFile paper_golden(const std::string& name);

}  // namespace weft::sd
