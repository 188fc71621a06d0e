#include "tests/workflows/bench.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "graph/validate.h"

namespace weft::test {

std::filesystem::path source_folder() { return WEFT_SOURCE_DIR; }

Bench::Bench()
    : host_(registry_, {std::filesystem::path(WEFT_BINARY_DIR) / "lib/weft/plugins"}),
      executor_(registry_, *runtime_),
      output_(std::filesystem::temp_directory_path() / fmt::format("weft-workflows-{}", ::getpid())) {}

Bench::~Bench() { std::filesystem::remove_all(output_); }

RunResult Bench::run(const Workflow& workflow, std::vector<std::string> wanted, bool may_fail) {
  if (wanted.empty()) wanted = default_results(workflow, registry_);
  const RunEnvironment environment{.workflow_folder = source_folder() / "workflows",
                                   .input_folder = source_folder() / "tests/workflows",
                                   .output_folder = output_,
                                   .model_folders = {source_folder() / "models"},
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
