// Keys of configuration files that Weft does not act on, with the values under which that makes no
// difference.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nodes/sd/files/model_json.h"

namespace weft::sd {

struct KeyRule {
  std::string_view key;
  std::array<std::string_view, 3> same = {};  ///< JSON values; null and a missing key make no difference either
};

/// The keys with another value.
std::vector<std::string> other_values(const ConfigFile& file, std::span<const KeyRule> rules);

/// Throws ModelError for the first key with another value: a network that is not the one which Weft has.
void require_values(const ConfigFile& file, std::span<const KeyRule> rules);

}  // namespace weft::sd
