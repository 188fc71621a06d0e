// UTF-8: whether text is that, and what of it is fit to be shown. Everything in a workflow is UTF-8, so that it can
// be written as JSON and shown anywhere.
//
// Some characters steer what shows them: controls (C0, DEL, C1) move a terminal's cursor or worse, and overrides of
// the direction of writing make text read as what it is not.
#pragma once

#include <string>
#include <string_view>

#include "base/export.h"

namespace weft {

/// Without overlong forms, surrogates, and code points above 10FFFF.
WEFT_EXPORT bool is_utf8(std::string_view text);

/// `text` with '?' for each byte that does not belong to UTF-8 and each character that steers: fit for a message.
WEFT_EXPORT std::string printable(std::string_view text);

/// The same for text of several lines: line breaks and tabs stay.
WEFT_EXPORT std::string printable_lines(std::string_view text);

/// JSON text with its characters that steer as \u escapes, so that it means the same; line breaks and tabs, which
/// stand between values only, stay.
WEFT_EXPORT std::string printable_json(std::string_view json);

/// UTF-16 that begins with its byte order mark as UTF-8, '?' for what is none; any other text unchanged.
WEFT_EXPORT std::string from_utf16(std::string_view text);

}  // namespace weft
