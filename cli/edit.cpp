// weft edit: hands over to weft-edit, the editor's own program, which lies beside this one. It is apart so
// that `weft` never maps OpenGL, and so that a machine without a window system can do without it.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/command.h"
#include "plugins/folders.h"

namespace weft::cli {

namespace {

/// Returns only if the program cannot be started.
Exit become_editor(const std::vector<std::string>& arguments) {
  const std::filesystem::path program = program_prefix() / "bin" / "weft-edit";
  if (!std::filesystem::exists(program))
    throw GraphError(Problem{"", "", fmt::format("the editor is not there: no '{}'", program.string()),
        "build it: cmake/setup.sh weft-edit"});
  std::vector<std::string> words = arguments;
  words.insert(words.begin(), program.string());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  throw std::runtime_error(fmt::format("'{}' cannot be started: {}", program.string(), std::strerror(errno)));
}

}  // namespace

void add_edit_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("edit", "Open workflows in the editor; `weft edit --help` says more");
  command->set_help_flag();  // the editor answers for itself
  command->prefix_command();
  command->callback(
      [command, &action] { action = [arguments = command->remaining()] { return become_editor(arguments); }; });
}

}  // namespace weft::cli
