// The standard nodes, from the manifests of this build: no library is opened.
#pragma once

#include "graph/registry.h"
#include "plugins/loader.h"

namespace weft::test {

inline const Registry& standard_nodes() {
  static const Registry& nodes = []() -> const Registry& {
    auto* registry = new Registry;
    const PluginHost host(*registry, {WEFT_BINARY_DIR "/lib/weft/plugins"});
    return *registry;
  }();
  return nodes;
}

}  // namespace weft::test
