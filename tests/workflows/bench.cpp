#include "tests/workflows/bench.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "graph/validate.h"

namespace weft::test {

std::filesystem::path source_folder() { return WEFT_SOURCE_DIR; }

Bench::Bench(std::vector<std::filesystem::path> more_models)
    : host_(registry_, {std::filesystem::path(WEFT_BINARY_DIR) / "lib/weft/plugins"}),
      executor_(registry_, *runtime_),
      model_folders_(std::move(more_models)),
      output_(std::filesystem::temp_directory_path() / fmt::format("weft-workflows-{}", ::getpid())),
      workflow_folder_(source_folder() / "workflows") {
  model_folders_.push_back(source_folder() / "models");
}

Bench::~Bench() { std::filesystem::remove_all(output_); }

RunResult Bench::run(const Workflow& workflow, std::vector<std::string> wanted, bool may_fail) {
  if (wanted.empty()) wanted = default_results(workflow, registry_);
  const RunEnvironment environment{.workflow_folder = workflow_folder_,
      .input_folders = {source_folder() / "tests/workflows"},
      .output_folder = output_,
      .model_folders = model_folders_,
      .dtype = "float32",
      .workflow = nlohmann::json::parse(to_text(workflow))};
  RunResult result = executor_.run({workflow.graph, std::move(wanted), environment}, [&](const Event& event) {
    if (const auto* warning = std::get_if<NodeWarning>(&event.kind)) warnings_.push_back(warning->text);
  });
  if (!may_fail)
    for (const Problem& problem : result.problems) ADD_FAILURE() << problem.text();
  return result;
}

}  // namespace weft::test
