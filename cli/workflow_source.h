// WorkflowSource: the workflow that a command was given, with what its files are looked up against.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/registry.h"
#include "graph/workflow.h"

namespace weft::cli {

struct WorkflowSource {
  Workflow workflow;
  std::filesystem::path folder;  ///< of the file; the current one for stdin
  std::vector<std::string> remarks = {};  ///< what could not be taken over from ComfyUI as it was
};

/// Reads FILE, which may be a picture that carries its workflow, or stdin for "-", with old names brought up to date. Throws GraphError.
WorkflowSource read_workflow(const std::string& file, const Registry& registry);

/// What stands at --models. Throws GraphError on a folder that does not exist.
std::vector<std::filesystem::path> model_folders(const std::vector<std::string>& models);

}  // namespace weft::cli
