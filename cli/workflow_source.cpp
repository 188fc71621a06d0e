#include "cli/workflow_source.h"

#include <fmt/format.h>

#include <iostream>
#include <utility>

#include "base/error.h"
#include "base/foreign_json.h"
#include "base/text_file.h"
#include "import/comfyui/import.h"

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
  comfyui::Imported read = parse(given ? read_text(std::cin, name) : read_text_file(file, Pipes::kRead), name);
  WorkflowSource source{
      std::move(read.workflow), given ? fs::current_path() : fs::absolute(file).parent_path(), std::move(read.remarks)};
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
