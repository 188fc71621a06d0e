#include "editor/session/folders.h"

#include <cstdlib>

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

/// The folder that a variable names, if it is absolute as the specification demands; else the one below home.
fs::path xdg_folder(const char* variable, const char* below_home) {
  const char* const named = std::getenv(variable);
  if (named && fs::path(named).is_absolute()) return fs::path(named) / "weft";
  const char* const home = std::getenv("HOME");
  return fs::path(home && *home ? home : "/tmp") / below_home / "weft";
}

}  // namespace

fs::path config_folder() { return xdg_folder("XDG_CONFIG_HOME", ".config"); }
fs::path state_folder() { return xdg_folder("XDG_STATE_HOME", ".local/state"); }

}  // namespace weft::editor
