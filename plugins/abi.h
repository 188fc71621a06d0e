// The handshake between a host and a plugin library. Plain data, so that it can be read before any of the
// plugin's code runs; version and size come first, fields are only ever appended.
//
// Rationale: values that cross the border are C++ (std::string, torch::Tensor), so host and plugin must be
// built by the same compiler family against the same libtorch and the same Weft ABI. The stamp says all
// three; the loader compares it as text, first from the manifest without opening the library, then here.
#pragma once

#include <cstdint>

#include "graph/export.h"

namespace weft {

class Registry;

/// Raised when a type that plugins see changes: anything in graph/node.h, graph/port.h, graph/value.h,
/// graph/registry.h.
inline constexpr std::uint32_t kPluginAbi = 1;

struct PluginEntry {
  std::uint32_t size;      ///< sizeof(PluginEntry) of the builder
  std::uint32_t abi;       ///< kPluginAbi of the builder
  const char* stamp;       ///< "gcc-12 libstdc++-20220819 torch-2.11.0"
  const char* id;          ///< reverse domain: "org.example.invert"
  const char* version;     ///< "1.0.0"
  void (*add)(Registry&);  ///< adds node and value types; may throw std::exception
};

/// The one symbol that a plugin library exports: `extern "C" const weft::PluginEntry weft_plugin_entry`.
inline constexpr char kPluginSymbol[] = "weft_plugin_entry";

}  // namespace weft
