// Strengths of a LoRA that differ from block to block of the U-Net, as the community's presets write them: a list of numbers, by
// whose count it is known which blocks they are of. Blocks have CompVis' numbers: "IN04", "M00", "OUT11", and "BASE" is the rest
// of the U-Net and the text encoders. Immutable: any thread.
//
//   1,0,0,0,0,0,0,0,1,1,1,1,0,0,0,0,0      17 numbers: those of Stable Diffusion 1 that attend
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "nodes/sd/families/checkpoint.h"

namespace weft::sd {

class BlockStrengths {
 public:
  /// 17 or 26 numbers of Stable Diffusion 1 and 2, 12 or 20 of Stable Diffusion XL, between commas. Throws
  /// std::invalid_argument with a sentence for anything else.
  static BlockStrengths parse(std::string_view text);

  /// Of a block that is not in the list: 0, as in the extension for the web UI that the presets come from.
  double of(const std::string& block) const;
  /// Equal for equal strengths.
  const std::string& text() const { return text_; }

 private:
  std::unordered_map<std::string, double> by_block_;
  std::string text_;
};

/// The blocks that a model's tensors are in.
class BlocksOfModel {
 public:
  explicit BlocksOfModel(const Checkpoint& model);

  /// Of a tensor as Patch::weight is given names.
  std::string of(const std::string& tensor) const;

 private:
  std::unordered_map<std::string, std::string> blocks_;
};

}  // namespace weft::sd
