// Merging: weights of one model mixed with those of another, as a patch of the first. The second's are read from its file, with
// its own patches applied, when the first's are loaded; so a merge costs no memory and nothing until it is used.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/networks/patch.h"

namespace weft::sd {

/// first * the first's weight + second * the second's.
struct MergeShares {
  double first = 1, second = 0;
};

/// What is mixed in: some networks of a model, as its patches make them.
struct MergedModel {
  std::shared_ptr<const Checkpoint> checkpoint;
  Patches patches;
  std::vector<Part> parts;
};

/// Of a tensor by its canonical name in its network ("conv_in.weight").
using SharesOf = std::function<MergeShares(const std::string& name)>;

/// `key` says which shares these are; the patch's adds which model. A tensor that the second lacks, or has in another shape
/// (an inpainting model's first layer), stays the first's.
Patch merge_patch(const std::string& key, const MergedModel& second, SharesOf shares);

}  // namespace weft::sd
