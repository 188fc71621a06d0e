#include "assets/input_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace weft {

namespace fs = std::filesystem;

namespace {

/// Where input files may lie, each folder once.
std::vector<std::string> input_places(const RunEnvironment& environment) {
  std::vector<std::string> places = {environment.workflow_folder.string()};
  for (const fs::path& folder : environment.input_folders)
    if (std::ranges::find(places, folder.string()) == places.end()) places.push_back(folder.string());
  return places;
}

}  // namespace

std::optional<fs::path> find_input_file(const RunEnvironment& environment, std::string_view name) {
  std::error_code none;
  for (const std::string& place : input_places(environment)) {
    fs::path path = fs::path(place) / name;  // an absolute path stays as it is
    if (fs::is_regular_file(path, none)) return path;
  }
  return {};
}

fs::path require_input_file(const RunEnvironment& environment, std::string_view name) {
  if (std::optional<fs::path> path = find_input_file(environment, name)) return *path;
  throw NodeError(missing_input_text(name), missing_input_remedy(environment));
}

std::string missing_input_text(std::string_view name) { return fmt::format("there is no file '{}'", name); }

std::string missing_input_remedy(const RunEnvironment& environment) {
  return fmt::format("looked in '{}'", fmt::join(input_places(environment), "', '"));
}

}  // namespace weft
