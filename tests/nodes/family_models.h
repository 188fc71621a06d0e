// Scaled-down models of the families that came after Stable Diffusion 1, as tests/reference/family_networks.py has them,
// written to disk in both layouts.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "nodes/sd/families/part.h"
#include "nodes/sd/networks/text_encoder.h"
#include "nodes/sd/networks/unet.h"
#include "nodes/sd/sampling/vector_conditioning.h"

namespace weft::sd {

struct FamilyCase {
  std::string name, family;
  UNetConfig unet;
  std::map<Part, TextEncoderConfig> texts;
  nlohmann::json unet_json;
  std::string pipeline;
};

/// "sd2", "xl", "refiner" or "ssd" (as SSD-1B).
FamilyCase family_case(const std::string& name);

/// By the names in the golden list; without an autoencoder.
TensorMap single_file_tensors(const FamilyCase& given);
void write_family_folder(const std::filesystem::path& folder, const FamilyCase& given);

/// Two rows of the seeded inputs' vector, for the U-Net; undefined where it takes none.
at::Tensor seeded_vector(const FamilyCase& given, std::span<const VectorPart> parts);
/// The call that the goldens are of.
NetworkCall seeded_call(const FamilyCase& given, std::span<const VectorPart> parts);

}  // namespace weft::sd
