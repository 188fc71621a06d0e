// A workflow names the files that it reads from its folder on, so names have to follow when it is saved in another folder.
// [main-thread]
#pragma once

#include <filesystem>

#include "editor/session/document.h"
#include "graph/node.h"

namespace weft::editor {

/// Makes each param that names a file, found by way of `from` (the environment of a run in the document's folder), name the
/// same file for a run in the folder of `to`: one step. False if all of them do so as they are.
bool carry_files(Document& document, const Registry& registry, const RunEnvironment& from, const RunEnvironment& to);

/// `wanted` in the folder, with the first number behind it that makes it free: "portrait-2.json".
std::filesystem::path free_file(const std::filesystem::path& folder, const std::string& wanted);

}  // namespace weft::editor
