// The names of enum values in manifests and catalogues, each stated once, for both directions.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace weft {

template <class Enum, std::size_t N>
using EnumNames = std::array<std::pair<Enum, std::string_view>, N>;

template <class Enum, std::size_t N>
std::string name_of(const EnumNames<Enum, N>& names, Enum value) {
  return std::string(std::ranges::find(names, value, &std::pair<Enum, std::string_view>::first)->second);
}

/// Throws PluginError: these names come out of manifests.
template <class Enum, std::size_t N>
Enum value_of(const EnumNames<Enum, N>& names, std::string_view name, std::string_view what) {
  const auto found = std::ranges::find(names, name, &std::pair<Enum, std::string_view>::second);
  if (found == names.end())
    throw PluginError(fmt::format("the manifest says {} '{}'", what, name), "build the plugin again with this Weft");
  return found->first;
}

}  // namespace weft
