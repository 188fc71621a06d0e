// Whole texts from outside, of bounded size: whatever is given as a file - a pipe, a device without end, a picture
// of many gigabytes - memory is not what ends.
#pragma once

#include <filesystem>
#include <istream>
#include <string>

#include "base/export.h"

namespace weft {

/// Larger than any workflow, tokenizer or configuration; what is larger is something else.
inline constexpr std::size_t kLargestText = std::size_t{64} << 20;

/// A pipe is read where somebody gave it (`weft run <(...)`); found in a folder it would be waited for without end.
enum class Pipes : bool { Refused, Read };

/// Throws GraphError naming the file: not there, a folder, a pipe, not readable, larger than kLargestText. [any thread]
WEFT_EXPORT std::string read_text_file(const std::filesystem::path& file, Pipes pipes = Pipes::Refused);

/// The rest of a stream; `source` names it in errors. Throws GraphError if that is larger than kLargestText.
WEFT_EXPORT std::string read_text(std::istream& stream, const std::string& source);

}  // namespace weft
