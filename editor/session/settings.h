// Settings: what a user has chosen, in a JSON file. A value type; whoever changes it saves it. A damaged file
// is never an obstacle: it is put aside, and the defaults stand. [main-thread]
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graph/node.h"

namespace weft::editor {

/// How often and when something was chosen, for showing it earlier. Counts are halved with age.
struct Usage {
  double count = 0;
  std::int64_t last = 0;  ///< a number that grows with each use of anything
  bool operator==(const Usage&) const = default;
};
using UsageMap = std::map<std::string, Usage, std::less<>>;

struct Settings {
  enum class Theme : std::uint8_t { System, Dark, Light };
  Theme theme = Theme::Dark;
  double ui_scale = 0;  ///< 0: as the display says; else 0.5 to 4
  std::string language = {};  ///< "de"; empty: as the environment says
  bool snap_to_grid = true;
  bool show_minimap = true;
  bool show_grid = true;
  bool heat = false;  ///< nodes coloured by the time that they took
  std::filesystem::path output_folder = "out";
  std::vector<std::filesystem::path> model_folders = {};
  std::map<std::string, std::vector<std::string>> keys = {};  ///< by command: what the user changed
  std::vector<std::filesystem::path> recent_files = {};       ///< latest first
  std::vector<std::filesystem::path> recent_folders = {};     ///< that pictures were chosen from; latest first
  std::map<std::string, std::string> last_models = {};  ///< by kind ("checkpoints"): the one that was chosen last
  UsageMap node_usage = {};
  UsageMap command_usage = {};
  nlohmann::json panels = nlohmann::json::object();  ///< the window's layout; its own business
  nlohmann::json extra = nlohmann::json::object();  ///< unknown keys, kept
  bool operator==(const Settings&) const = default;
};

struct LoadedSettings {
  Settings settings;
  std::string message;  ///< what was wrong with the file, one sentence; empty if all is well
};

std::filesystem::path settings_file();  ///< config_folder()/settings.json
/// Never throws. Values of the wrong type or out of range have their defaults.
LoadedSettings load_settings(const std::filesystem::path& file);
/// Atomic; makes the folder. Throws GraphError.
void save_settings(const Settings& settings, const std::filesystem::path& file);

/// What runs and checks of a workflow that lies in `folder` are given; `dtype` is what networks compute in.
RunEnvironment environment_of(const Settings& settings, const std::filesystem::path& folder, const std::string& dtype);

/// The file becomes the latest; at most 20 are kept.
void remember_file(Settings& settings, const std::filesystem::path& file);
/// The folder becomes the latest that a picture was chosen from; at most 8 are kept.
void remember_folder(Settings& settings, const std::filesystem::path& folder);
void remember_use(UsageMap& usage, const std::string& what);

}  // namespace weft::editor
