// Renames tensors by tables of patterns: what a file calls them, and what diffusers does, by whose names the networks
// ask. The tables are the families' (shared_names.h has what several of them share); this is the engine.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/sd/families/part.h"

namespace weft::sd {

/// `from` is matched segment by segment: # is a number, @ any one segment, * the rest; without a * at its end the whole
/// name has to match.
/// In `to`: {level} and {layer} come from a U-Net block's number, {0} and {1} are the numbers, {half} is half
/// the first and {norm} its layer norm's name, {flip} is the level counted from the deepest, @ and * stand for
/// what they matched.
struct Rule {
  std::string_view from, to;
};

/// What the names of a part are in some layout. The first rule that matches decides; a name that none matches is not
/// this part's. `leaves` rename in turn what a * stands for.
struct PartNames {
  Part part;
  std::string_view prefix;  ///< of every name, before the rules
  std::span<const Rule> rules, leaves = {};
};

/// What block numbers of CompVis' layout depend on.
struct LdmShape {
  std::int64_t unet_layers_per_block = 2;
  std::int64_t vae_levels = 4;
};

/// Reads both from the names in a file.
LdmShape ldm_shape(const std::vector<std::string>& names);

/// Nothing where the name is not one of these.
std::optional<std::string> renamed(const PartNames& names, std::string_view name, const LdmShape& shape = {});

/// The other way: all names that renamed() gives `canonical` for, without the prefix. {half} and {norm} are not taken back.
std::vector<std::string> names_before(const PartNames& names, std::string_view canonical, const LdmShape& shape = {});

}  // namespace weft::sd
