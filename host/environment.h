// What a run is given from outside its graph: the same for the command line, the editor, and whatever program comes next,
// so that a workflow that one of them runs finds its files in every other.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "graph/node.h"

namespace weft::host {

/// What the caller says; the rest follows from it.
struct EnvironmentChoice {
  std::filesystem::path workflow_folder;  ///< where the file lies; the current folder if it came from nowhere
  std::vector<std::filesystem::path> model_folders;  ///< looked in first: see model_roots()
  std::filesystem::path output_folder = "out";
  std::string dtype = "auto";
};

/// Input files are looked for beside the workflow, in the folder `input` there, then in the current folder. `workflow` is
/// left to the caller. [any thread]
RunEnvironment make_environment(const EnvironmentChoice& choice);

}  // namespace weft::host
