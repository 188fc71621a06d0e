#include "editor/session/settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/strict_json.h"
#include "base/text_file.h"
#include "editor/session/folders.h"
#include "editor/session/json_read.h"
#include "editor/session/text.h"
#include "host/environment.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr std::size_t kMostRecent = 20, kMostFolders = 8;

using Theme = Settings::Theme;
constexpr std::pair<Theme, const char*> kThemes[] = {
    {Theme::System, "system"}, {Theme::Dark, "dark"}, {Theme::Light, "light"}};

Theme theme_named(const std::string& name, Theme otherwise) {
  const auto found = std::ranges::find(kThemes, name, [](const auto& theme) { return std::string(theme.second); });
  return found == std::end(kThemes) ? otherwise : found->first;
}

std::vector<fs::path> read_paths(const Json& list) {
  std::vector<fs::path> paths;
  for (const Json& path : list)
    if (path.is_string() && !path.get_ref<const std::string&>().empty()) paths.emplace_back(path.get<std::string>());
  return paths;
}

Json written_paths(const std::vector<fs::path>& paths) {
  Json list = Json::array();
  for (const fs::path& path : paths) list.push_back(path.string());
  return list;
}

UsageMap read_usage(const Json& json) {
  UsageMap usage;
  if (!json.is_object()) return usage;
  for (const auto& [name, value] : json.items()) {
    const double count = read_number(value, "count", 0);
    if (count > 0) usage[name] = {count, static_cast<std::int64_t>(read_number(value, "last", 0))};
  }
  return usage;
}

Json written_usage(const UsageMap& usage) {
  Json json = Json::object();
  for (const auto& [name, use] : usage) json[name] = {{"count", use.count}, {"last", use.last}};
  return json;
}

std::map<std::string, std::vector<std::string>> read_keys(const Json& json) {
  std::map<std::string, std::vector<std::string>> keys;
  if (!json.is_object()) return keys;
  for (const auto& [command, list] : json.items()) {
    if (!list.is_array()) continue;
    std::vector<std::string>& chords = keys[command];  // none is an answer too: the command has no key
    for (const Json& chord : list)
      if (chord.is_string()) chords.push_back(chord.get<std::string>());
  }
  return keys;
}

/// The path becomes the first of the list.
void remember(std::vector<fs::path>& list, const fs::path& path, std::size_t most) {
  std::erase(list, path);
  list.insert(list.begin(), path);
  if (list.size() > most) list.resize(most);
}

/// What one JSON object says, in both directions; the names of the keys stand here alone.
Settings read(Json json) {
  Settings settings;
  const auto known = [&](const char* key) {
    Json member = read_member(json, key);
    json.erase(key);
    return member;
  };
  const auto flag = [&](const char* key, bool& into) {
    into = read_bool(json, key, into);
    json.erase(key);
  };
  if (const Json theme = known("theme"); theme.is_string())
    settings.theme = theme_named(theme.get<std::string>(), settings.theme);
  const double scale = read_number(json, "ui_scale", 0);
  settings.ui_scale = scale <= 0 ? 0 : std::clamp(scale, 0.5, 4.0);
  known("ui_scale");
  if (const Json language = known("language"); language.is_string()) settings.language = language.get<std::string>();
  flag("snap_to_grid", settings.snap_to_grid);
  flag("show_minimap", settings.show_minimap);
  flag("show_grid", settings.show_grid);
  flag("heat", settings.heat);
  if (const Json folder = known("output_folder"); folder.is_string() && !folder.get<std::string>().empty())
    settings.output_folder = folder.get<std::string>();
  settings.model_folders = read_paths(known("model_folders"));
  settings.recent_files = read_paths(known("recent_files"));
  settings.recent_folders = read_paths(known("recent_folders"));
  if (const Json models = known("last_models"); models.is_object())
    for (const auto& [folder, name] : models.items())
      if (name.is_string()) settings.last_models[folder] = name.get<std::string>();
  settings.keys = read_keys(known("keys"));
  settings.node_usage = read_usage(known("node_usage"));
  settings.command_usage = read_usage(known("command_usage"));
  if (Json panels = known("panels"); panels.is_object()) settings.panels = std::move(panels);
  settings.extra = std::move(json);
  return settings;
}

nlohmann::ordered_json written(const Settings& settings) {
  nlohmann::ordered_json json;
  json["theme"] = std::ranges::find(kThemes, settings.theme, &std::pair<Theme, const char*>::first)->second;
  json["ui_scale"] = settings.ui_scale;
  json["language"] = settings.language;
  json["snap_to_grid"] = settings.snap_to_grid;
  json["show_minimap"] = settings.show_minimap;
  json["show_grid"] = settings.show_grid;
  json["heat"] = settings.heat;
  json["output_folder"] = settings.output_folder.string();
  json["model_folders"] = written_paths(settings.model_folders);
  json["recent_files"] = written_paths(settings.recent_files);
  json["recent_folders"] = written_paths(settings.recent_folders);
  json["last_models"] = settings.last_models;
  json["keys"] = settings.keys;
  json["node_usage"] = written_usage(settings.node_usage);
  json["command_usage"] = written_usage(settings.command_usage);
  json["panels"] = settings.panels;
  for (const auto& [key, value] : settings.extra.items()) json[key] = value;
  return json;
}

}  // namespace

fs::path settings_file() { return config_folder() / "settings.json"; }

LoadedSettings load_settings(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) return {};
  try {
    Json json = read_json(read_text_file(file), file.string());
    if (!json.is_object()) throw GraphError(Problem{.what = tr_format("{} holds no JSON object", file.string())});
    return {read(std::move(json)), {}};
  } catch (const GraphError& problem) {
    const fs::path aside = file.string() + ".damaged";
    fs::rename(file, aside, error);
    return {{},
        tr_format("{}; the settings are the defaults now, the old file is {}", problem.what(),
            error ? file.string() : aside.string())};
  }
}

void save_settings(const Settings& settings, const fs::path& file) {
  std::error_code ignored;  // if there is no folder then, writing says so
  fs::create_directories(file.parent_path(), ignored);
  write_file_atomically(file, write_json(written(settings), 2));
}

RunEnvironment environment_of(const Settings& settings, const fs::path& folder, const std::string& dtype) {
  return host::make_environment({.workflow_folder = folder,
      .model_folders = settings.model_folders,
      .output_folder = settings.output_folder,
      .dtype = dtype});
}

void remember_file(Settings& settings, const fs::path& file) { remember(settings.recent_files, file, kMostRecent); }

void remember_folder(Settings& settings, const fs::path& folder) {
  remember(settings.recent_folders, folder, kMostFolders);
}

void remember_use(UsageMap& usage, const std::string& what) {
  constexpr double kMostCount = 64;
  std::int64_t latest = 0;
  for (const auto& [name, use] : usage) latest = std::max(latest, use.last);
  Usage& use = usage[what];
  use.count += 1;
  use.last = latest + 1;
  if (use.count < kMostCount) return;
  for (auto& [name, old] : usage) old.count /= 2;
}

}  // namespace weft::editor
