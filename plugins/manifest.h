// Manifest: what a plugin library says of itself, as a JSON file beside it: `libinvert.weft.json` for
// `libinvert.so`. The build writes it from the library (see weft_add_plugin in cmake/WeftPlugin.cmake); the
// host reads manifests alone at start, so that listing nodes opens no library.
//
//   {"weft_plugin": 1, "id": "org.example.invert", "version": "1.0.0", "abi": 1,
//    "stamp": "gcc-12 ... torch-2.11.0 headers-0123456789abcdef",
//    "library": {"file": "libinvert.so", "build_id": "9f..."},
//    "nodes": [...], "types": [...]}
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graph/registry.h"

namespace weft {

inline constexpr int kManifestVersion = 1;
inline constexpr char kManifestSuffix[] = ".weft.json";

struct Manifest {
  std::string id;
  std::string version;
  std::uint32_t abi = 0;
  std::string stamp;
  std::string library;   ///< file name; the file lies beside the manifest
  std::string build_id;  ///< of the library that the manifest was written from
  /// Arrays of node and value types, kept as JSON: what another ABI wrote is judged without being understood.
  nlohmann::json nodes = nlohmann::json::array();
  nlohmann::json types = nlohmann::json::array();
};

/// `lib/libinvert.so` -> `lib/libinvert.weft.json`
WEFT_EXPORT std::filesystem::path manifest_path(const std::filesystem::path& library);

/// Throws PluginError if the file cannot be read, is damaged, or has a version that this program does not
/// know.
WEFT_EXPORT Manifest read_manifest(const std::filesystem::path& file);
/// Writes beside the file and renames. Throws PluginError.
WEFT_EXPORT void write_manifest(const Manifest& manifest, const std::filesystem::path& file);

/// Throws PluginError if the ABI or the stamp is not this program's.
WEFT_EXPORT void require_this_host(const Manifest& manifest);
/// Throws PluginError if the library beside the manifest is not the one that it was written from.
WEFT_EXPORT void require_same_library(const Manifest& manifest, const std::filesystem::path& library);

/// The catalogue in C++. Throws PluginError if it is damaged. Value types have no callbacks.
WEFT_EXPORT std::vector<NodeInfo> manifest_nodes(const Manifest& manifest);
WEFT_EXPORT std::vector<ValueType> manifest_types(const Manifest& manifest);

/// What this program was built with: see plugins/stamp.h.
WEFT_EXPORT const std::string& host_stamp();
/// Throws PluginError that begins with `who` if the ABI or the stamp is not this program's.
void require_this_host(const std::string& who, std::uint32_t abi, const std::string& stamp);

}  // namespace weft
