#include "editor/session/show_folder.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <string>
#include <thread>

#include "base/error.h"
#include "editor/session/text.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

bool is_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::string_view rest = path ? path : "/usr/bin:/bin";
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    if (::access((fs::path(rest.substr(0, colon)) / name).c_str(), X_OK) == 0) return true;
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return false;
}

}  // namespace

std::string file_uri(const fs::path& file) {
  std::string uri = "file://";
  for (const char letter : fs::absolute(file).string()) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool plain =
        byte < 0x80 && (std::isalnum(byte) || std::string_view("/-._~").find(letter) != std::string_view::npos);
    uri += plain ? std::string(1, letter) : fmt::format("%{:02X}", byte);
  }
  return uri;
}

void show_in_folder(const fs::path& file) {
  constexpr const char* kProgram = "xdg-open";
  const std::string folder = fs::absolute(file).parent_path().string();
  if (!is_program(kProgram))
    throw GraphError(Problem{.what = tr_format("this system has no program that shows folders ({})", kProgram),
        .remedy = tr_format("the picture lies in '{}'", folder)});
  std::array<char*, 3> arguments = {const_cast<char*>(kProgram), const_cast<char*>(folder.c_str()), nullptr};
  pid_t child = 0;
  if (::posix_spawnp(&child, kProgram, nullptr, nullptr, arguments.data(), environ) == 0)
    std::thread([child] { ::waitpid(child, nullptr, 0); }).detach();  // some wait until the folder is closed
}

}  // namespace weft::editor
