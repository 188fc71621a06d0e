// The parts of a model, and what every reader has to know of each. A further part, such as a second text encoder, is an
// enumerator here and a row in part.cpp.
#pragma once

#include <map>
#include <span>
#include <string_view>

#include "nodes/sd/tensors/tensor_map.h"

namespace weft::sd {

/// A network, or what stands for one where the context is not words.
enum class Part {
  UNet,
  VAE,
  TextEncoder,
  TextEncoder2,  ///< of Stable Diffusion XL: OpenCLIP's ViT-bigG
  ControlNet,
  VisionEncoder,  ///< CLIP's, of pictures
  ImageNormalizer,  ///< of an unCLIP model: mean and deviation of its pictures' embeddings
  LabelEncoder,
  SpatialRescaler,
  Marks,  ///< tensors of next to no size, by whose names a file says how its U-Net was trained ("v_pred")
};

/// The tensors of a model, by the names that diffusers gives them.
using PartTensors = std::map<Part, TensorMap>;

struct PartInfo {
  Part part;
  std::string_view title;  ///< in messages
  std::string_view folder = {};  ///< in a diffusers folder; empty: it is in none
  std::string_view weights = {};  ///< the file there, without its ending
  std::string_view tokenizer = {};  ///< of a text encoder: the folder of its tokenizer, beside `folder`
  /// Of a part that may be in a file of its own: how names begin in CompVis' layout, where they may also lack it, and
  /// what tells diffusers' names.
  std::string_view prefix = {}, diffusers_sign = {};
};

/// In the order in which they are read.
std::span<const PartInfo> parts();
const PartInfo& info(Part part);
inline std::string_view title(Part part) { return info(part).title; }

}  // namespace weft::sd
