// PluginHost: finds plugins by their manifests, tells the registry what they bring, and opens a library (Boost.DLL) only
// when a node of it is needed. Reading manifests takes no libtorch into memory.
//
// A manifest `libinvert.weft.json` lies beside its library `libinvert.so`; the build writes it from the library itself
// (see manifest.h). Libraries are never unloaded: torch's are known to crash then.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/registry.h"

namespace weft {

struct PluginInfo {
  std::string id;
  std::string version;
  std::filesystem::path library;
  std::filesystem::path manifest;
  std::vector<std::string> nodes;  ///< ids
  std::string problem;             ///< why it was not taken in, one sentence with a remedy; empty if all is well
};

/// Where plugins are looked for, first wins: WEFT_PLUGIN_PATH (colon-separated), the per-user folder
/// ($XDG_DATA_HOME or ~/.local/share)/weft/plugins, and the folder of the standard nodes beside the program.
WEFT_EXPORT std::vector<std::filesystem::path> plugin_folders();

class WEFT_EXPORT PluginHost {
 public:
  /// Reads every manifest in `folders` and adds what they declare to the registry, lazily. Never throws for a bad
  /// plugin: its PluginInfo says what is wrong, and the others are taken in. The registry is borrowed and must outlive
  /// the host and everything that runs. [main-thread]
  PluginHost(Registry& registry, const std::vector<std::filesystem::path>& folders);

  /// Every plugin that was found, also those that were refused.
  const std::vector<PluginInfo>& plugins() const { return plugins_; }

 private:
  std::vector<PluginInfo> plugins_;
};

}  // namespace weft
