// weft check: every problem of a workflow, without running it. The problems are the result: they go to
// stdout.
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "cli/catalogue.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/problems.h"
#include "cli/workflow_source.h"
#include "graph/device.h"
#include "graph/expand.h"
#include "graph/memory_estimate.h"
#include "graph/validate.h"
#include "host/environment.h"
#include "host/problems.h"
#include "host/sweep_run.h"

namespace weft::cli {

namespace {

struct CheckOptions {
  std::string file;
  std::vector<std::string> models;
  bool json = false;
};

struct Findings {
  std::vector<Problem> problems;
  std::vector<Problem> warnings;  ///< of what may run and yet go wrong
};

/// What keeps the sweep that the workflow holds from running, where the workflow itself could.
void add_problems_of_sweep(const Workflow& workflow, const Registry& registry, const RunEnvironment& environment,
    std::vector<Problem>& problems) {
  try {
    const auto sweep = host::sweep_of(workflow);
    if (sweep && problems.empty()) host::prepare_sweep(workflow, registry, *sweep, environment);
  } catch (const GraphError& error) {
    problems.insert(problems.end(), error.problems().begin(), error.problems().end());
  }
}

Findings find(const CheckOptions& options, const Catalogue& catalogue) {
  try {
    // The process ends with the check: never destroyed, as 100,000 nodes are not given back in no time.
    const WorkflowSource& source = *new WorkflowSource(read_workflow(options.file, catalogue.registry));
    tell_first(source.remarks, say, say);
    const RunEnvironment environment =
        host::make_environment({.workflow_folder = source.folder, .model_folders = model_folders(options.models)});
    const std::vector<std::string> wanted = default_results(source.workflow, catalogue.registry);
    Findings found{.problems = host::problems_of_run(source.workflow, catalogue.registry, environment, wanted)};
    add_problems_of_sweep(source.workflow, catalogue.registry, environment, found.problems);
    if (found.problems.empty()) {
      const Expansion plain = expand(source.workflow.graph, source.workflow.subgraphs, catalogue.registry, wanted);
      found.warnings =
          memory_warnings(plain.graph, catalogue.registry, plain.wanted, make_cpu_runtime()->memory(Device{}).total);
    }
    return found;
  } catch (const GraphError& error) {
    return {.problems = error.problems()};
  }
}

nlohmann::json list_of(const std::vector<Problem>& problems) {
  nlohmann::json list = nlohmann::json::array();
  for (const Problem& problem : std::span(problems).first(std::min(problems.size(), kMostListed)))
    list.push_back(problem_json(problem));
  return list;
}

void print_json(const Findings& found) {
  nlohmann::json report = {
      {"ok", found.problems.empty()}, {"problems", list_of(found.problems)}, {"warnings", list_of(found.warnings)}};
  if (found.problems.size() > kMostListed) report["more"] = found.problems.size() - kMostListed;
  cli::print_json(report);
}

Exit check(const CheckOptions& options) {
  const Catalogue catalogue;
  catalogue.report_refused_plugins();
  const Findings found = find(options, catalogue);
  const std::vector<Problem>& problems = found.problems;
  if (options.json) {
    print_json(found);
  } else {
    tell_first(
        problems, [](const Problem& problem) { print(problem_line(problem) + '\n'); },
        [](const std::string& more) { print(more + "; --json lists them\n"); });
    tell_first(
        found.warnings, [](const Problem& warning) { print("warning: " + problem_line(warning) + '\n'); },
        [](const std::string& more) { print(more + '\n'); });
    if (problems.empty()) print(options.file + ": no problems\n");
  }
  return problems.empty() ? Exit::Done : Exit::Invalid;
}

}  // namespace

void add_check_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = app.add_subcommand("check", "Names every problem of a workflow, without running it");
  command->footer("Exit code 0 if it can run, 2 if not.");
  command->add_option("FILE", options->file, "The workflow; - reads it from stdin")->required();
  command->add_option("--models", options->models, "Folder with checkpoints, vae, loras ...; the first one wins")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command->add_flag("--json", options->json,
      "As JSON: {\"ok\", \"problems\": [{\"node\", \"port\", \"what\", \"remedy\"}], "
      "\"warnings\": [...]}");
  command->callback([options, &action] { action = [options] { return check(*options); }; });
}

}  // namespace weft::cli
