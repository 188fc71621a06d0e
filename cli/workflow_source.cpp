#include "cli/workflow_source.h"

#include <fmt/format.h>

#include <iostream>
#include <utility>

#include "base/error.h"
#include "base/text_file.h"
#include "host/workflow_file.h"

namespace weft::cli {

namespace fs = std::filesystem;

WorkflowSource read_workflow(const std::string& file, const Registry& registry) {
  const bool given = file == "-";
  const std::string name = given ? "standard input" : file;
  host::FoundWorkflow found =
      given ? host::workflow_in_text(read_text(std::cin, name), registry, name) : host::find_workflow(file, registry);
  if (!found.workflow) throw GraphError(std::move(found.why_none));
  WorkflowSource source{*std::move(found.workflow), given ? fs::current_path() : fs::absolute(file).parent_path(),
      std::move(found.remarks)};
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
