// Values as bytes, with their type ahead, so that whoever reads them need not know what they are: a cache on a disk, a server,
// a worker. The bytes of a type are what its record says (ValueType::encode); numbers and texts are the engine's own. [any thread]
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "graph/registry.h"

namespace weft {

/// Nothing for an empty value, and for one whose type cannot be sent: it is made anew where it is needed. Throws PluginError
/// for a type that nobody knows, and what encode() throws.
WEFT_EXPORT std::optional<std::string> to_bytes(const Registry& registry, const Value& value);

/// Throws NodeError for bytes that are no value or damaged, PluginError for a type that nobody knows. The type's plugin must
/// have been opened, as its code reads them.
WEFT_EXPORT Value from_bytes(const Registry& registry, std::string_view bytes);

}  // namespace weft
