// weft: runs, edits and checks workflows, lists nodes and models, makes and checks plugins. Starts without libtorch: only
// `run` brings it in, with the plugins that the workflow needs, and what looks into model files (`model`).
#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <sstream>
#include <string>
#include <vector>

#include "base/c_locale.h"
#include "base/error.h"
#include "base/spelling.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/problems.h"
#include "host/device_runtime.h"

namespace {

using weft::cli::Exit;
using weft::cli::print;
using weft::cli::say;
using weft::cli::say_lines;

constexpr char kExamples[] =
    "Examples:\n"
    "  weft run workflows/text-to-image.json --set prompt=\"a red fox in the snow\" --set seed=7\n"
    "  weft edit workflows/text-to-image.json\n"
    "  weft check my-workflow.json\n"
    "  weft nodes sample.ksampler\n"
    "  weft plugin new blur\n"
    "Exit codes: 0 done, 1 the run failed, 2 wrong usage or invalid workflow, 130 cancelled, 141 nobody reads stdout.\n"
    "Results go to stdout, everything else to stderr.";

/// Runs the command; the border where what failed becomes words and an exit code.
Exit run_action(const weft::cli::Action& action) {
  try {
    return action();
  } catch (const weft::GraphError& error) {
    weft::cli::tell_first(
        error.problems(), [](const weft::Problem& problem) { say(weft::cli::problem_line(problem)); }, say);
    return Exit::Invalid;
  } catch (const std::exception& error) {
    say(error.what());
    return Exit::Failed;
  }
}

const CLI::App* subcommand(const CLI::App& app, const std::string& name) {
  const auto found = app.get_subcommands([&](const CLI::App* each) { return each->get_name() == name; });
  return found.empty() ? nullptr : found[0];
}

/// Wrong usage. Of a mistyped command CLI11 says only that one is required: name the nearest.
Exit usage_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  const CLI::App* command = &app;  // the innermost one that was named
  int at = 1;
  while (at < argc && subcommand(*command, argv[at])) command = subcommand(*command, argv[at++]);
  const std::vector<const CLI::App*> choices =
      command->get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); });
  if (error.get_name() != "RequiredError" || choices.empty()) {
    std::ostringstream help, wrong;
    const int code = app.exit(error, help, wrong);
    print(help.str());
    say_lines(wrong.str());
    return code == 0 ? Exit::Done : Exit::Invalid;
  }
  if (at == argc) {
    say_lines(command->help());
    return Exit::Invalid;
  }
  std::vector<std::string> names;
  for (const CLI::App* each : choices) names.push_back(each->get_name());
  say(fmt::format("there is no command '{}': {}", argv[at], weft::suggestion(argv[at], names)));
  return Exit::Invalid;
}

/// Results that nobody got are no success. A reader that has seen enough (`weft nodes | head`) needs no words.
Exit after_results(Exit exit) {
  const int error = weft::cli::results_error();
  if (error == 0) return exit;
  if (error != EPIPE) say(fmt::format("the results could not be written to stdout: {}", std::strerror(error)));
  return exit != Exit::Done ? exit : error == EPIPE ? Exit::NobodyReads : Exit::Failed;
}

}  // namespace

int main(int argc, char** argv) {
  const weft::CLocale locale;
  weft::cli::prepare_streams();
  weft::limit_spinning();
  CLI::App app("Weft: node graphs for latent diffusion.", "weft");
  app.set_version_flag("--version", "weft " WEFT_VERSION);
  app.footer(kExamples);
  app.require_subcommand(1);
  weft::cli::Action action;
  weft::cli::add_run_command(app, action);
  weft::cli::add_edit_command(app, action);
  weft::cli::add_check_command(app, action);
  weft::cli::add_nodes_command(app, action);
  weft::cli::add_models_command(app, action);
  weft::cli::add_model_command(app, action);
  weft::cli::add_plugin_command(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return static_cast<int>(after_results(usage_error(app, error, argc, argv)));
  }
  // Without libtorch's own tidying up at the end, which takes a tenth of a second.
  std::_Exit(static_cast<int>(after_results(run_action(action))));
}
