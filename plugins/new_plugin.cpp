#include "plugins/new_plugin.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "base/error.h"
#include "plugins/template_files.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

/// Names of targets that CMake and Ninja keep for themselves.
constexpr std::array<std::string_view, 8> kKept = {
    "all", "clean", "edit_cache", "help", "install", "package", "rebuild_cache", "test"};

void require_name(const std::string& name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto allowed = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  if (name.empty() || !letter(name.front()) || !std::ranges::all_of(name, allowed))
    throw PluginError(fmt::format("'{}' cannot be the name of a plugin", name),
        "use lower case letters, digits and '_', beginning with a letter: paper_cut");
  if (std::ranges::count(kKept, name) > 0)
    throw PluginError(
        fmt::format("'{}' cannot be the name of a plugin: CMake keeps it for itself", name), "choose another name");
}

void require_room(const fs::path& folder) {
  std::error_code failure;
  if (fs::exists(folder) && (!fs::is_directory(folder) || !fs::is_empty(folder, failure)))
    throw PluginError(
        fmt::format("{} is there already, and not empty", folder.string()), "give another folder, or empty this one");
  fs::create_directories(folder, failure);
  if (failure)
    throw PluginError(
        fmt::format("the folder {} cannot be made ({})", folder.string(), failure.message()), "give another folder");
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

}  // namespace

std::vector<fs::path> create_plugin_project(const std::string& name, const fs::path& folder, const fs::path& weft) {
  require_name(name);
  require_room(folder);
  std::vector<fs::path> files;
  for (const TemplateFile& file : template_files()) {
    files.push_back(folder / (file.name == "plugin.cpp" ? name + ".cpp" : std::string(file.name)));
    const std::string named = replace_all(std::string(file.text), "{{name}}", name);
    std::ofstream stream(files.back());
    stream << replace_all(named, "{{weft}}", weft.string());
    if (!stream.flush())
      throw PluginError(
          fmt::format("{} cannot be written", files.back().string()), "look at the folder's rights and space");
  }
  return files;
}

}  // namespace weft
