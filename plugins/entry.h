// WEFT_PLUGIN: the one symbol of a plugin library. Free of libtorch, so that a plugin may be.
#pragma once

#include "graph/registry.h"
#include "plugins/abi.h"

namespace weft {

/// What this plugin was built with; defined by plugin_stamp.cpp, which weft_add_plugin() compiles into each plugin.
extern const char plugin_stamp[];

}  // namespace weft

/// Defines a library's one entry. Write it once a library; the block that follows adds types to `REGISTRY`.
#define WEFT_PLUGIN(ID, VERSION, REGISTRY)                                                             \
  static void weft_plugin_add(weft::Registry& REGISTRY);                                               \
  extern "C" WEFT_EXPORT const weft::PluginEntry weft_plugin_entry;                                    \
  extern "C" WEFT_EXPORT const weft::PluginEntry weft_plugin_entry = {                                 \
      sizeof(weft::PluginEntry), weft::kPluginAbi, weft::plugin_stamp, ID, VERSION, &weft_plugin_add}; \
  static void weft_plugin_add(weft::Registry& REGISTRY)
