// UTF-8: whether text is that. Everything in a workflow is, so that it can be written as JSON and shown
// anywhere.
#pragma once

#include <string>
#include <string_view>

#include "graph/export.h"

namespace weft {

/// Without overlong forms, surrogates, and code points above 10FFFF.
WEFT_EXPORT bool is_utf8(std::string_view text);

/// `text` with '?' for each byte that does not belong to UTF-8 and each control character: fit for a message.
WEFT_EXPORT std::string printable(std::string_view text);

}  // namespace weft
