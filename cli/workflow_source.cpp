#include "cli/workflow_source.h"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "graph/asset_files.h"
#include "graph/expand.h"
#include "graph/validate.h"
#include "plugins/comfyui/import.h"

namespace weft::cli {

namespace fs = std::filesystem;

namespace {

std::string read_all(std::istream& stream) { return {std::istreambuf_iterator<char>(stream), {}}; }

/// What is not Weft's may be ComfyUI's, of which is told what could not be taken over. Rethrows if it is neither.
Workflow import_or_rethrow(const std::string& text, const std::string& source) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!comfyui::is_workflow(json)) throw;
  comfyui::Imported imported = comfyui::import_workflow(json, source);
  for (const std::string& remark : imported.remarks) fmt::print(stderr, "weft: {}\n", remark);
  return std::move(imported.workflow);
}

Workflow load(const std::string& file) {
  try {
    return load_workflow(file);
  } catch (const GraphError&) {
    if (std::error_code none; !fs::is_regular_file(file, none)) throw;
    std::ifstream stream(file, std::ios::binary);
    return import_or_rethrow(read_all(stream), file);
  }
}

Workflow parse(const std::string& text, const std::string& source) {
  try {
    return parse_workflow(text, source);
  } catch (const GraphError&) {
    return import_or_rethrow(text, source);
  }
}

}  // namespace

WorkflowSource read_workflow(const std::string& file, const Registry& registry) {
  WorkflowSource source;
  if (file == "-") {
    source = {parse(read_all(std::cin), "standard input"), fs::current_path()};
  } else {
    source = {load(file), fs::absolute(file).parent_path()};
  }
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
