// Catalogue: every node type that can be had, from the plugins' manifests. Opens no library. [main-thread]
#pragma once

#include <string>
#include <vector>

#include "graph/registry.h"
#include "plugins/loader.h"

namespace weft::cli {

struct Catalogue {
  Registry registry;
  PluginHost host{registry, plugin_folders()};

  Catalogue() = default;
  Catalogue(const Catalogue&) = delete;  // the host refers to the registry
  Catalogue& operator=(const Catalogue&) = delete;

  /// A sentence for each plugin that was not taken in.
  std::vector<std::string> refused_plugins() const;
  /// The same, said on stderr.
  void report_refused_plugins() const;
};

}  // namespace weft::cli
