#include "cli/workflow_source.h"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "graph/error.h"
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

std::vector<fs::path> model_folders(const std::vector<std::string>& models) {
  for (const std::string& folder : models)
    if (!fs::is_directory(folder))
      throw GraphError(Problem{"", "", fmt::format("--models {}: there is no such folder", folder),
                               "name one that holds checkpoints, vae, loras ..."});
  return {models.begin(), models.end()};
}

}  // namespace weft::cli
