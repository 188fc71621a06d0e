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

#include "editor/session/text.h"
#include "graph/error.h"

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
    const bool plain = byte < 0x80 && (std::isalnum(byte) || std::string_view("/-._~").find(letter) != std::string_view::npos);
    uri += plain ? std::string(1, letter) : fmt::format("%{:02X}", byte);
  }
  return uri;
}

void show_in_folder(const fs::path& file) {
  const std::string folder = fs::absolute(file).parent_path().string(), uri = file_uri(file);
  if (!is_program("xdg-open"))
    throw GraphError(Problem{.what = tr("this system has no program that shows folders (xdg-open)"),
                             .remedy = tr_format("the picture lies in '{}'", folder)});
  // A file manager that can shows the file as selected; any other one its folder. Neither is waited for.
  constexpr const char* kScript =
      "(dbus-send --session --print-reply --reply-timeout=3000 --dest=org.freedesktop.FileManager1 "
      "/org/freedesktop/FileManager1 org.freedesktop.FileManager1.ShowItems array:string:\"$1\" string: || "
      "xdg-open \"$2\") >/dev/null 2>&1 </dev/null &";
  const std::array<const char*, 6> words = {"sh", "-c", kScript, "sh", uri.c_str(), folder.c_str()};
  std::array<char*, 7> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = const_cast<char*>(words[i]);
  pid_t child = 0;
  if (::posix_spawnp(&child, "sh", nullptr, nullptr, arguments.data(), environ) == 0) ::waitpid(child, nullptr, 0);
}

}  // namespace weft::editor
