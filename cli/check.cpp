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
#include "graph/validate.h"

namespace weft::cli {

namespace {

struct CheckOptions {
  std::string file;
  std::vector<std::string> models;
  bool json = false;
};

std::vector<Problem> problems_of(const CheckOptions& options, const Catalogue& catalogue) {
  try {
    const WorkflowSource source = read_workflow(options.file, catalogue.registry);
    tell_first(source.remarks, say, say);
    const RunEnvironment environment = make_environment(source, options.models);
    const std::vector<std::string> wanted = default_results(source.workflow, catalogue.registry);
    return all_problems(source.workflow, catalogue.registry, environment, wanted);
  } catch (const GraphError& error) {
    return error.problems();
  }
}

void print_json(const std::vector<Problem>& problems) {
  nlohmann::json list = nlohmann::json::array();
  for (const Problem& problem : std::span(problems).first(std::min(problems.size(), kMostListed)))
    list.push_back(problem_json(problem));
  nlohmann::json report = {{"ok", problems.empty()}, {"problems", list}};
  if (problems.size() > list.size()) report["more"] = problems.size() - list.size();
  cli::print_json(report);
}

Exit check(const CheckOptions& options) {
  const Catalogue catalogue;
  catalogue.report_refused_plugins();
  const std::vector<Problem> problems = problems_of(options, catalogue);
  if (options.json) {
    print_json(problems);
  } else {
    tell_first(
        problems, [](const Problem& problem) { print(problem_line(problem) + '\n'); },
        [](const std::string& more) { print(more + "; --json lists them\n"); });
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
  command
      ->add_option("--models", options->models, "Folder with checkpoints, vae, loras ...; the first one wins")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command->add_flag("--json", options->json,
                    "As JSON: {\"ok\", \"problems\": [{\"node\", \"port\", \"what\", \"remedy\"}]}");
  command->callback([options, &action] { action = [options] { return check(*options); }; });
}

}  // namespace weft::cli
