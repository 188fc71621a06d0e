// How a test's process tells check_plugin() what happens: lines on stdout with a mark, between whatever else
// the plugin prints there.
#pragma once

namespace weft::check_protocol {

inline constexpr char kAt[] = "weft-check-at ";          ///< what is tried now, in case that it crashes
inline constexpr char kResult[] = "weft-check-result ";  ///< {"verdict": ..., "findings": [...]}

}  // namespace weft::check_protocol
