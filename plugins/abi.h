// The handshake between a host and a plugin library. Plain data, so that it can be read before any of the
// plugin's code runs; version and size come first, fields are only ever appended.
//
// Rationale: values that cross the border are C++ (std::string, torch::Tensor), so host and plugin must be
// built by the same compiler family against the same libtorch and the same headers of Weft. The stamp says all
// three, the last as a hash that the build makes; the loader compares it as text, first from the manifest without
// opening the library, then here.
#pragma once

#include <cstdint>

#include "base/export.h"

namespace weft {

class Registry;

/// The version of this handshake: raised when PluginEntry itself, which is read before the stamp is known, changes its
/// meaning. Whatever else plugins see is in the stamp.
inline constexpr std::uint32_t kPluginAbi = 1;

struct PluginEntry {
  std::uint32_t size;      ///< sizeof(PluginEntry) of the builder
  std::uint32_t abi;       ///< kPluginAbi of the builder
  const char* stamp;       ///< "gcc-12 libstdc++-20220819 torch-2.11.0 headers-0123456789abcdef"
  const char* id;          ///< reverse domain: "org.example.invert"
  const char* version;     ///< "1.0.0"
  void (*add)(Registry&);  ///< adds node and value types; may throw std::exception
};

/// Between the rest of a stamp and the hash of Weft's headers, which comes last.
#define WEFT_STAMP_HEADERS " headers-"

/// The one symbol that a plugin library exports: `extern "C" const weft::PluginEntry weft_plugin_entry`.
inline constexpr char kPluginSymbol[] = "weft_plugin_entry";

}  // namespace weft
