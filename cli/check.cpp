// weft check: every problem of a workflow, without running it. The problems are the result: they go to
// stdout.
#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/catalogue.h"
#include "cli/command.h"
#include "cli/terminal.h"
#include "cli/workflow_source.h"
#include "graph/device.h"
#include "graph/expand.h"
#include "graph/memory_estimate.h"
#include "graph/validate.h"
#include "host/environment.h"
#include "host/problems.h"

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

Findings find(const CheckOptions& options, const Catalogue& catalogue) {
  try {
    // The process ends with the check: never destroyed, as 100,000 nodes are not given back in no time.
    const WorkflowSource& source = *new WorkflowSource(read_workflow(options.file, catalogue.registry));
    const RunEnvironment environment = host::make_environment(
        {.workflow_folder = source.folder, .model_folders = model_folders(options.models)});
    const std::vector<std::string> wanted = default_results(source.workflow, catalogue.registry);
    Findings found{.problems = host::problems_of_run(source.workflow, catalogue.registry, environment, wanted)};
    if (found.problems.empty()) {
      const Expansion plain = expand(source.workflow.graph, source.workflow.subgraphs, catalogue.registry, wanted);
      found.warnings = memory_warnings(plain.graph, catalogue.registry, plain.wanted,
                                       make_cpu_runtime()->memory(Device{}).total);
    }
    return found;
  } catch (const GraphError& error) {
    return {.problems = error.problems()};
  }
}

nlohmann::json list_of(const std::vector<Problem>& problems) {
  nlohmann::json list = nlohmann::json::array();
  for (const Problem& p : problems)
    list.push_back({{"node", p.node}, {"port", p.port}, {"what", p.what}, {"remedy", p.remedy}});
  return list;
}

void print_json(const Findings& found) {
  const nlohmann::json report = {
      {"ok", found.problems.empty()}, {"problems", list_of(found.problems)}, {"warnings", list_of(found.warnings)}};
  fmt::print("{}\n", report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

Exit check(const CheckOptions& options) {
  const Catalogue catalogue;
  catalogue.report_refused_plugins();
  const Findings found = find(options, catalogue);
  const std::vector<Problem>& problems = found.problems;
  if (options.json) {
    print_json(found);
  } else {
    for (const Problem& problem : problems) fmt::print("{}\n", one_line(problem.text()));
    for (const Problem& warning : found.warnings) fmt::print("warning: {}\n", one_line(warning.text()));
    if (problems.empty()) fmt::print("{}: no problems\n", options.file);
  }
  return problems.empty() ? Exit::Done : Exit::Invalid;
}

}  // namespace

void add_check_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = app.add_subcommand("check", "Names every problem of a workflow, without running it");
  command->footer("Exit code 0 if it can run, 2 if not.");
  command->add_option("FILE", options->file, "The workflow; - reads it from stdin")->required();
  command
      ->add_option("--models", options->models, "Folder with checkpoints, vae, loras ...; the first one wins")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command->add_flag("--json", options->json,
                    "As JSON: {\"ok\", \"problems\": [{\"node\", \"port\", \"what\", \"remedy\"}], "
                    "\"warnings\": [...]}");
  command->callback([options, &action] { action = [options] { return check(*options); }; });
}

}  // namespace weft::cli
