#include "plugins/folders.h"

#include <cstdlib>
#include <sstream>
#include <string>

namespace weft {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* text = std::getenv(name);
  return text ? text : "";
}

void add_if_there(std::vector<fs::path>& folders, const fs::path& folder) {
  std::error_code ignored;
  if (!folder.empty() && fs::is_directory(folder, ignored)) folders.push_back(folder);
}

}  // namespace

fs::path program_prefix() { return fs::read_symlink("/proc/self/exe").parent_path().parent_path(); }

fs::path user_plugin_folder() {
  const std::string data = environment("XDG_DATA_HOME");
  if (!data.empty()) return fs::path(data) / "weft" / "plugins";
  const std::string home = environment("HOME");
  return home.empty() ? fs::path() : fs::path(home) / ".local" / "share" / "weft" / "plugins";
}

std::vector<fs::path> plugin_folders() {
  std::vector<fs::path> folders;
  std::stringstream wanted(environment("WEFT_PLUGIN_PATH"));
  for (std::string folder; std::getline(wanted, folder, ':');) {
    if (!folder.empty()) folders.emplace_back(folder);
  }
  add_if_there(folders, user_plugin_folder());
  add_if_there(folders, program_prefix() / "lib" / "weft" / "plugins");
  return folders;
}

}  // namespace weft
