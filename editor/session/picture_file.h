// Pictures in files, as the editor needs them: pixels to show, and the workflow that a picture carries.
// [any thread]
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "editor/session/picture_codec.h"
#include "graph/workflow.h"

namespace weft::editor {

/// By the end of its name.
bool is_picture_name(const std::filesystem::path& file);

/// Upright, as EXIF says; at most `longest` pixels wide and high (0: as it is). Throws GraphError naming the
/// file.
Pixels read_pixels(const std::filesystem::path& file, int longest = 0);

/// Throws GraphError naming the file if it is no picture that can be read: another kind of file, one that is too large ...
/// Reads what stands before the pixels.
void check_picture(const std::filesystem::path& file);

/// What was found in a file that was dropped on the editor.
struct FoundWorkflow {
  enum class Kind : std::uint8_t {
    None,  ///< a picture, or JSON, without a workflow
    Weft,
    ComfyUi,  ///< imported, from either of its formats
  };
  Kind kind = Kind::None;
  std::optional<Workflow> workflow;
  nlohmann::json facts;  ///< what the nodes noted: seeds that were used, hashes of models
  std::vector<std::string> remarks = {};  ///< what could not be imported as it was
};

/// A PNG (or another picture with metadata) or a JSON file. Throws GraphError: no such file, damaged, a Weft
/// workflow that cannot be read (with every problem). What holds none is Kind::None, no error.
FoundWorkflow find_workflow(const std::filesystem::path& file);
/// One sentence with a remedy for Kind::None.
Problem why_not_opened(const std::filesystem::path& file);

}  // namespace weft::editor
