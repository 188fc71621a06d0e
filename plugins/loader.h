// PluginHost: finds plugins by their manifests, tells the registry what they bring, and opens a library
// (Boost.DLL) only when a node of it is needed. Reading manifests takes no libtorch into memory.
//
// A plugin is taken in whole or not at all: a bad one is reported in one sentence, and the others are taken
// in.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/registry.h"
#include "plugins/folders.h"

namespace weft {

struct PluginInfo {
  std::string id;  ///< empty if the manifest cannot be read
  std::string version;
  std::filesystem::path library;
  std::filesystem::path manifest;
  std::vector<std::string> nodes;  ///< ids
  std::string problem;  ///< why it was not taken in, one sentence with a remedy; empty if all is well
};

class WEFT_EXPORT PluginHost {
 public:
  /// Reads every manifest in `folders` and adds what they declare to the registry, lazily; value types get
  /// their callbacks when the library is opened. Never throws for a bad plugin. The registry is borrowed and
  /// must outlive everything that runs; the host itself may go. [main-thread]
  PluginHost(Registry& registry, const std::vector<std::filesystem::path>& folders);

  /// Every plugin that was found, also those that were refused, in the order in which they were looked at.
  const std::vector<PluginInfo>& plugins() const { return plugins_; }

 private:
  void scan(const std::filesystem::path& folder);
  void take_in(PluginInfo& plugin);
  void refuse_if_taken(
      const PluginInfo& plugin, const std::vector<NodeInfo>& nodes, const std::vector<ValueType>& types) const;

  Registry& registry_;
  std::vector<PluginInfo> plugins_;
};

}  // namespace weft
