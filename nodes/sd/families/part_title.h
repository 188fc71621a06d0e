// What the parts of a model are called in messages.
#pragma once

#include <string_view>

#include "nodes/sd/families/ldm_names.h"

namespace weft::sd {

constexpr std::string_view title(Part part) {
  switch (part) {
    case Part::kUNet:
      return "U-Net";
    case Part::kVAE:
      return "VAE";
    case Part::kTextEncoder:
      return "text encoder";
    case Part::kLabelEncoder:
      return "class embedder";
    case Part::kSpatialRescaler:
      break;
  }
  return "spatial rescaler";
}

}  // namespace weft::sd
