// WorkflowSource: the workflow that a command was given, with what its files are looked up against.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "graph/node.h"
#include "graph/registry.h"
#include "graph/workflow.h"

namespace weft::cli {

struct WorkflowSource {
  Workflow workflow;
  std::filesystem::path folder;  ///< of the file; the current one for stdin
  std::vector<std::string> remarks = {};  ///< what could not be taken over from ComfyUI as it was
};

/// Reads FILE, or stdin for "-", with old names brought up to date. Throws GraphError.
WorkflowSource read_workflow(const std::string& file, const Registry& registry);

/// Everything that keeps `wanted` from running, also files that are not there.
std::vector<Problem> all_problems(const Workflow& workflow, const Registry& registry,
                                  const RunEnvironment& environment, std::span<const std::string> wanted);

/// Where the files of a workflow are looked for. Throws GraphError on a folder of `models` that does not
/// exist.
RunEnvironment make_environment(const WorkflowSource& source, const std::vector<std::string>& models);

}  // namespace weft::cli
