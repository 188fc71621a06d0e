// The commands of `weft`. Each is one file that adds its options to the command line and, if it is the one
// that was typed, sets `action`, which main() then calls. Errors leave an action as exceptions; main() turns
// them into a sentence and an exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace weft::cli {

/// What the shell sees. Promises: scripts read them.
enum class Exit : int {
  Done = 0,
  Failed = 1,      ///< the run failed
  Invalid = 2,     ///< wrong usage, or a workflow that cannot run
  Cancelled = 130,   ///< as a shell says of a program that Ctrl-C ended
  NobodyReads = 141  ///< as a shell says of a program whose stdout was a pipe that was closed
};

using Action = std::function<Exit()>;

void add_run_command(CLI::App& app, Action& action);
void add_edit_command(CLI::App& app, Action& action);
void add_check_command(CLI::App& app, Action& action);
void add_nodes_command(CLI::App& app, Action& action);
void add_models_command(CLI::App& app, Action& action);
void add_model_command(CLI::App& app, Action& action);
void add_plugin_command(CLI::App& app, Action& action);

}  // namespace weft::cli
