// A plugin's library, opened: its handshake checked, its node and value types registered apart from everybody
// else's. The loader opens a library when a node of it is needed, weft-manifest to write the manifest, the
// checker to try it.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>

#include "graph/registry.h"
#include "plugins/abi.h"
#include "plugins/manifest.h"

namespace weft {

struct PluginLibrary {
  const PluginEntry& entry;
  Registry registry;  ///< what this plugin alone adds
};

/// Opens (RTLD_NOW, RTLD_LOCAL; never closed, since libtorch crashes then), checks ABI and stamp, registers.
/// Throws PluginError: the system's text if the library does not load, WEFT_PLUGIN missing, another ABI or
/// stamp, or what the plugin threw while it registered.
WEFT_EXPORT PluginLibrary open_plugin(const std::filesystem::path& library);

/// What dlopen said of `file`, without Boost's words around it and without the file's name.
WEFT_EXPORT std::string system_text(const std::system_error& error, const std::filesystem::path& file);

/// What an open library brings, as its manifest says it.
WEFT_EXPORT nlohmann::json node_catalogue(const Registry& registry);
WEFT_EXPORT nlohmann::json type_catalogue(const Registry& registry);  ///< without the engine's own types

/// The manifest of an open library, whose file is `library`.
WEFT_EXPORT Manifest describe_plugin(const PluginLibrary& plugin, const std::filesystem::path& library);

}  // namespace weft
