#include "host/problems.h"

#include "graph/expand.h"
#include "graph/validate.h"
#include "host/missing_files.h"

namespace weft::host {

std::vector<Problem> problems_of_run(const Workflow& workflow, const Registry& registry,
    const RunEnvironment& environment, std::span<const std::string> wanted) {
  std::vector<Problem> problems = validate(workflow, registry, wanted);
  const std::vector<std::string> ids =
      wanted.empty() ? default_results(workflow, registry) : std::vector<std::string>(wanted.begin(), wanted.end());
  if (ids.empty()) return problems;
  try {
    const Expansion plain = expand(workflow.graph, workflow.subgraphs, registry, ids);
    const std::vector<Problem> missing = missing_files(plain.graph, registry, environment, plain.wanted);
    problems.insert(problems.end(), missing.begin(), missing.end());
  } catch (const GraphError& error) {
    if (problems.empty()) return error.problems();  // else it repeats what was found before
  }
  return problems;
}

}  // namespace weft::host
