#include "cli/workflow_source.h"

#include <fmt/format.h>

#include <iostream>
#include <utility>

#include "graph/asset_files.h"
#include "graph/expand.h"
#include "graph/foreign_json.h"
#include "graph/text_file.h"
#include "graph/validate.h"
#include "plugins/comfyui/import.h"

namespace weft::cli {

namespace fs = std::filesystem;

namespace {

/// What is not Weft's may be ComfyUI's. Rethrows if it is neither.
comfyui::Imported import_or_rethrow(const std::string& text, const std::string& source) {
  const nlohmann::json json = foreign_json_or_null(text);
  if (!comfyui::is_workflow(json)) throw;
  return comfyui::import_workflow(json, source);
}

comfyui::Imported parse(const std::string& text, const std::string& source) {
  try {
    return {parse_workflow(text, source), {}};
  } catch (const GraphError&) {
    return import_or_rethrow(text, source);
  }
}

}  // namespace

WorkflowSource read_workflow(const std::string& file, const Registry& registry) {
  const bool given = file == "-";
  const std::string name = given ? "standard input" : file;
  comfyui::Imported read = parse(given ? read_text(std::cin, name) : read_text_file(file), name);
  WorkflowSource source{std::move(read.workflow), given ? fs::current_path() : fs::absolute(file).parent_path(),
                        std::move(read.remarks)};
  upgrade(source.workflow, registry);
  return source;
}

std::vector<Problem> all_problems(const Workflow& workflow, const Registry& registry,
                                  const RunEnvironment& environment, std::span<const std::string> wanted) {
  std::vector<Problem> problems = validate(workflow, registry, wanted);
  try {
    const Expansion plain = expand(workflow.graph, workflow.subgraphs, registry, wanted);
    std::vector<Problem> missing = missing_files({.graph = plain.graph}, registry, environment, plain.wanted);
    problems.insert(problems.end(), missing.begin(), missing.end());
  } catch (const GraphError& error) {
    if (problems.empty()) return error.problems();  // else it repeats what was found before
  }
  return problems;
}

RunEnvironment make_environment(const WorkflowSource& source, const std::vector<std::string>& models) {
  for (const std::string& folder : models)
    if (!fs::is_directory(folder))
      throw GraphError(Problem{"", "", fmt::format("--models {}: there is no such folder", folder),
                               "name one that holds checkpoints, vae, loras ..."});
  RunEnvironment environment;
  environment.workflow_folder = source.folder;
  environment.input_folder = fs::current_path();
  environment.model_folders = model_roots(std::vector<fs::path>(models.begin(), models.end()), source.folder);
  return environment;
}

}  // namespace weft::cli
