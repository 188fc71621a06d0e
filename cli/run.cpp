// weft run: checks a workflow, runs it, writes the results' names and values to stdout.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/foreign_json.h"
#include "cli/catalogue.h"
#include "cli/command.h"
#include "cli/crash_report.h"
#include "cli/foreign_output.h"
#include "cli/interrupt.h"
#include "cli/node_help.h"
#include "cli/output.h"
#include "cli/problems.h"
#include "cli/progress.h"
#include "cli/results.h"
#include "cli/running_nodes.h"
#include "cli/terminal.h"
#include "cli/workflow_source.h"
#include "graph/executor.h"
#include "graph/expand.h"
#include "graph/memory_estimate.h"
#include "graph/plan.h"
#include "graph/validate.h"
#include "host/device_runtime.h"
#include "host/environment.h"
#include "host/problems.h"
#include "host/sweep_run.h"

namespace weft::cli {

namespace {

namespace fs = std::filesystem;

constexpr char kExamples[] =
    "Examples:\n"
    "  weft run workflows/text-to-image.json --set prompt=\"a red fox in the snow\" --set sampler.steps=30\n"
    "  weft run workflows/text-to-image.json --sweep cfg=3,5,7 --sweep steps=10..30/10\n"
    "  weft run hires.json --models ~/ComfyUI --device cuda:1 --dtype float16 --out pictures\n"
    "  weft run - --progress json < workflow.json\n"
    "Writes a line `name: value` for each result to stdout, everything else to stderr.";

struct RunOptions {
  std::string file;
  std::vector<std::string> settings;  ///< NAME=VALUE
  std::vector<std::string> sweep;     ///< NAME=VALUES; an empty one: as the workflow says
  std::string out = "out";
  std::vector<std::string> models;
  RuntimeChoice device;
  std::string progress = "auto";
  bool dry_run = false;
  bool allow_truncated = false;
};

void apply_settings(Workflow& workflow, const Registry& registry, const std::vector<std::string>& settings) {
  std::vector<Problem> problems;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    try {
      if (equals == std::string::npos || equals == 0)
        throw GraphError(Problem{"", "", fmt::format("--set {}: this is not NAME=VALUE", setting),
            "write for example --set prompt=\"a boat\", or --set sampler.steps=30"});
      set_by_name(workflow, registry, setting.substr(0, equals), setting.substr(equals + 1));
    } catch (const GraphError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  }
  if (!problems.empty()) throw GraphError(problems);
}

/// Says before a long run what would fail at its end. The folder itself is made by the first node that
/// writes.
void check_output_folder(const fs::path& out) {
  fs::path existing = fs::absolute(out);
  std::error_code none;
  while (!fs::exists(existing, none) && existing.has_relative_path()) existing = existing.parent_path();
  if (!fs::is_directory(existing, none))
    throw GraphError(Problem{
        "", "", fmt::format("--out {}: '{}' is not a folder", out.string(), existing.string()), "name another folder"});
  if (access(existing.c_str(), W_OK | X_OK) != 0)
    throw GraphError(
        Problem{"", "", fmt::format("--out {}: no right to write to '{}'", out.string(), existing.string()),
            "name another folder, or change its rights"});
}

/// What `--sweep` asks for; without a value the sweep that the workflow holds.
host::Sweep wanted_sweep(const Workflow& workflow, const Registry& registry, const std::vector<std::string>& options) {
  host::Sweep sweep;
  std::vector<Problem> problems;
  for (const std::string& option : options) {
    if (option.empty()) continue;
    try {
      sweep.axes.push_back(host::read_sweep_axis(workflow, registry, option));
    } catch (const GraphError& error) {
      problems.insert(problems.end(), error.problems().begin(), error.problems().end());
    }
  }
  if (!problems.empty()) throw GraphError(std::move(problems));
  if (!sweep.axes.empty()) return sweep;
  if (auto saved = host::sweep_of(workflow)) return *saved;
  throw GraphError(
      Problem{.what = "--sweep: this workflow holds no sweep", .remedy = "say what varies: --sweep sampler.cfg=3,5,7"});
}

/// A run that can start: everything was read, set and checked.
struct PreparedRun {
  Workflow workflow;
  std::vector<std::string> wanted;
  RunEnvironment environment;
  std::optional<host::PreparedSweep> sweep = {};
};

/// `tell` gets what could not be imported as it was. Throws GraphError with every problem.
PreparedRun prepare(
    const RunOptions& options, const Registry& registry, const std::function<void(const std::string&)>& tell) {
  WorkflowSource source = read_workflow(options.file, registry);
  tell_first(source.remarks, tell, tell);
  apply_settings(source.workflow, registry, options.settings);
  RunEnvironment environment = host::make_environment({.workflow_folder = source.folder,
      .model_folders = model_folders(options.models),
      .output_folder = options.out,
      .dtype = options.device.dtype});
  environment.allow_truncated = options.allow_truncated;
  environment.workflow = read_foreign_json(to_text(source.workflow), "the workflow");
  std::vector<std::string> wanted = default_results(source.workflow, registry);
  if (!options.sweep.empty()) {
    auto sweep = host::prepare_sweep(
        source.workflow, registry, wanted_sweep(source.workflow, registry, options.sweep), environment);
    check_output_folder(options.out);
    return {std::move(source.workflow), std::move(wanted), std::move(environment), std::move(sweep)};
  }
  std::vector<Problem> problems = host::problems_of_run(source.workflow, registry, environment, wanted);
  if (!problems.empty()) throw GraphError(std::move(problems));
  check_output_folder(options.out);
  return {std::move(source.workflow), std::move(wanted), std::move(environment)};
}

void print_plan(const PreparedRun& prepared, const Registry& registry) {
  const Expansion expansion = expand(prepared.workflow.graph, prepared.workflow.subgraphs, registry, prepared.wanted);
  const std::shared_ptr<const Plan> plan = Plan::make(expansion.graph, registry, expansion.wanted);
  std::size_t id_width = 0, type_width = 0;
  for (PlanIndex i = 0; i < plan->size(); ++i) {
    id_width = std::max(id_width, plan->id(i).size());
    type_width = std::max(type_width, plan->type(i).info->id.size());
  }
  for (PlanIndex i = 0; i < plan->size(); ++i) {
    const NodeInfo& info = *plan->type(i).info;
    print(fmt::format(
        "{:<{}}  {:<{}}  {}\n", one_line(plan->id(i)), id_width, info.id, type_width, lane_name(info.options.lane)));
  }
}

void print_cells(const host::PreparedSweep& sweep) {
  const std::size_t count = host::cell_count(sweep.axes);
  for (std::size_t cell = 0; cell < count; ++cell)
    print(fmt::format("picture {} of {}: {}\n", cell + 1, count, one_line(host::cell_caption(sweep.axes, cell))));
}

void report(const std::vector<Problem>& problems, Progress& progress) {
  tell_first(
      problems, [&](const Problem& problem) { progress.problem(problem); },
      [&](const std::string& more) { progress.message(more); });
}

void print_results(const PreparedRun& prepared, const Registry& registry, const RunResult& result) {
  std::string text;
  for (const std::string& line : result_lines(prepared.workflow, registry, prepared.wanted, result))
    text += line + '\n';
  print(text);
}

/// What there is of the results while a run is under way, from those of the nodes that came to their ends.
RunResult finished(const PreparedRun& prepared, const Registry& registry, RunResult nodes) {
  const Workflow& workflow = prepared.workflow;
  add_composed_results(expand(workflow.graph, workflow.subgraphs, registry, prepared.wanted), registry, nodes);
  return nodes;
}

/// The file of a plugin's library.
std::string library_of(const std::string& plugin, const PluginHost& host) {
  for (const PluginInfo& each : host.plugins())
    if (each.id == plugin) return each.library.string();
  return {};
}

/// What brought the process down: a node, where that is known.
Problem fallen(const std::string& how, const std::optional<RunningNode>& node, const PluginHost& host) {
  if (!node)
    return {.what = fmt::format("a plugin or library {} while several nodes ran, or none", how),
        .remedy = "run the nodes one by one to find which"};
  const std::string& plugin = node->type->plugin;
  return {.node = *node->id,
      .what = fmt::format("{}: plugin \"{}\" ({}) {}", node->type->id, plugin, library_of(plugin, host), how),
      .remedy = "update the plugin, or remove it; `weft plugin check` tries it"};
}

/// Says before a long run what it will hardly have the memory for.
std::vector<std::string> memory_warnings(
    const PreparedRun& prepared, const Registry& registry, const DeviceRuntime& runtime) {
  const Expansion plain = expand(prepared.workflow.graph, prepared.workflow.subgraphs, registry, prepared.wanted);
  const std::uint64_t total = runtime.memory(runtime.devices().front()).total;
  std::vector<std::string> warnings;
  for (const Problem& problem : weft::memory_warnings(plain.graph, registry, plain.wanted, total))
    warnings.push_back("warning: " + problem.text());
  return warnings;
}

/// Runs every cell; a line for each table, named as the workflow names that result.
Exit execute_sweep(const PreparedRun& prepared, const Registry& registry, Executor& executor, Progress& progress,
    std::stop_token stop) {
  const host::PreparedSweep& sweep = *prepared.sweep;
  const std::size_t count = host::cell_count(sweep.axes);
  const auto begins = [&](std::size_t cell, const Workflow&) {
    progress.cell(cell + 1, count, host::cell_caption(sweep.axes, cell));
  };
  const host::SweepResult result = host::run_sweep(sweep, registry, executor, prepared.environment, {},
      {.begins = begins, .events = [&](const Event& event) { progress.event(event); }}, std::move(stop));
  for (const std::string& warning : result.warnings) progress.message("warning: " + warning);
  report(result.problems, progress);
  std::string text;
  for (const host::SweepTable& table : result.tables)
    if (!table.file.empty())
      text += fmt::format(
          "{}: {}\n", one_line(result_name(prepared.workflow, table.picture.result)), one_line(table.file.string()));
  print(text);
  if (result.cancelled) return Exit::Cancelled;
  return result.ok ? Exit::Done : Exit::Failed;
}

/// Runs while libraries and plugins may write and fall as they please. The process ends with the run, so what was made for
/// it is never destroyed: gigabytes are not given back tensor by tensor first.
Exit execute(const PreparedRun& prepared, const Catalogue& catalogue, const RuntimeChoice& device, Progress& progress,
    std::stop_token stop) {
  const Registry& registry = catalogue.registry;
  RunningNodes& nodes = *new RunningNodes(prepared.wanted);
  ForeignOutput& foreign = *new ForeignOutput(
      nodes, [&progress](const std::string& node, const std::string& line) { progress.foreign(node, line); });
  nodes.before_leave = [&foreign] { foreign.settle(); };
  CrashReport& crashes = *new CrashReport([&](const std::string& how, const RunningNode& node) {
    foreign.flush();
    report({fallen(how, node.id ? std::optional(node) : nodes.only(), catalogue.host)}, progress);
    print_results(prepared, registry, finished(prepared, registry, nodes.so_far()));
    return static_cast<int>(Exit::Failed);
  });
  const struct End {
    ForeignOutput& foreign;
    CrashReport& crashes;
    ~End() {
      foreign.stop();
      crashes.stop();
    }
  } end{foreign, crashes};
  const OpenedRuntime& opened = *new OpenedRuntime(open_device_runtime(device));
  progress.message(opened.message);
  for (const std::string& warning : memory_warnings(prepared, registry, *opened.runtime)) progress.message(warning);
  ExecutorOptions execution{.device = opened.runtime->devices().front(), .watch = &nodes};
  // Nobody comes back for the results of a single run, so networks go with the last node that uses them.
  if (!prepared.sweep) execution.cache_bytes = 0;
  Executor& executor = *new Executor(registry, *opened.runtime, execution);
  if (prepared.sweep) return execute_sweep(prepared, registry, executor, progress, std::move(stop));
  const RunResult& result = *new RunResult(executor.run(
      {prepared.workflow.graph, prepared.wanted, prepared.environment, prepared.workflow.subgraphs},
      [&](const Event& event) { progress.event(event); }, std::move(stop)));
  foreign.flush();
  report(result.problems, progress);
  print_results(prepared, registry, result);
  if (result.cancelled) return Exit::Cancelled;
  return result.ok ? Exit::Done : Exit::Failed;
}

Exit run(const RunOptions& options) {
  const Interrupt interrupt;  // before any other thread
  const std::unique_ptr<Progress> progress = make_progress(options.progress);
  const auto message = [&](const std::string& text) { progress->message(text); };
  try {
    const Catalogue catalogue;
    tell_first(catalogue.refused_plugins(), message, message);
    const PreparedRun prepared = prepare(options, catalogue.registry, message);
    if (!options.dry_run) return execute(prepared, catalogue, options.device, *progress, interrupt.token());
    if (prepared.sweep) print_cells(*prepared.sweep);
    print_plan(prepared, catalogue.registry);
    return Exit::Done;
  } catch (const GraphError& error) {
    report(error.problems(), *progress);
    return Exit::Invalid;
  } catch (const std::exception& error) {
    progress->problem({.what = error.what()});
    return Exit::Failed;
  }
}

std::string not_a_device(const std::string& text) {
  const bool numbered = text.starts_with("cuda:") && text.size() > 5 && text.size() < 9 &&
      std::all_of(text.begin() + 5, text.end(), [](unsigned char c) { return std::isdigit(c); });
  if (text == "auto" || text == "cpu" || text == "cuda" || numbered) return {};
  return fmt::format("'{}' is no device: auto, cpu, cuda, or cuda:N", text);
}

}  // namespace

void add_run_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "Runs a workflow");
  command->footer(kExamples);
  command->add_option("FILE", options->file, "The workflow; - reads it from stdin")->required();
  command->add_option("--set", options->settings, "Sets an input of the workflow's interface, or node.port")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--sweep", options->sweep,
          "Runs with several values at one param or two, and makes a table of the pictures; alone: the workflow's own")
      ->type_name("NAME=VALUES")
      ->expected(0, 1)
      ->take_all()
      ->allow_extra_args(false);
  command->add_option("--out", options->out, "Folder for what is written")->type_name("DIR")->capture_default_str();
  command->add_option("--models", options->models, "Folder with checkpoints, vae, loras ...; the first one wins")
      ->type_name("DIR")
      ->allow_extra_args(false);
  command->add_option("--device", options->device.device, "auto, cpu, cuda, or cuda:N")
      ->type_name("DEVICE")
      ->check(CLI::Validator([](std::string& text) { return not_a_device(text); }, ""))
      ->capture_default_str();
  command->add_option("--dtype", options->device.dtype, "What networks compute in")
      ->check(CLI::IsMember({"auto", "float32", "bfloat16", "float16"}))
      ->capture_default_str();
  command->add_option("--threads", options->device.threads, "Threads for computing; 0 takes all cores")
      ->type_name("N")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_option("--progress", options->progress, "How progress is shown on stderr")
      ->check(CLI::IsMember({"auto", "bar", "json", "none"}))
      ->capture_default_str();
  command->add_flag("--allow-truncated", options->allow_truncated,
      "Takes what is there of pictures that end early or are damaged, with a warning");
  command->add_flag("--dry-run", options->dry_run, "Checks everything and prints what would run, in order");
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace weft::cli
