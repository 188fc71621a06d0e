// App and models: where they are looked for, and what new nodes begin with.
#include <algorithm>

#include "editor/app/app.h"
#include "editor/session/text.h"

namespace weft::editor {

namespace fs = std::filesystem;

void App::ask_for_model_folder() {
  file_dialog.ask(
      {.kind = FileDialog::Kind::Folder, .title = tr("A folder with models"), .chosen = [this](const fs::path& chosen) {
         settings.model_folders.push_back(chosen);
         model_folders_changed();
       }});
}

void App::model_folders_changed() {
  models_looked_for_ = nullptr;
  workspace.check_all_again();
  save_settings_soon();
}

KnownModels App::known_models() {
  const auto names = [this](const std::string& folder) {
    return assets.names(folder, document() ? environment(document()->folder()).model_folders : settings.model_folders);
  };
  return {.choice = [this, names](const std::string& folder) -> std::string {
            const std::vector<std::string>* known = names(folder);
            if (!known) return {};
            const auto last = settings.last_models.find(folder);
            if (last != settings.last_models.end() && std::ranges::find(*known, last->second) != known->end())
              return last->second;
            return known->size() == 1 ? known->front() : std::string();
          },
      .size = [this](const std::string& folder, const std::string& name) { return assets.size(folder, name); }};
}

Beginning App::beginning(const std::string& type) {
  const NodeTypes& types = document()->types(registry);
  const NodeInfo* info = types.find(type);
  if (!info) return {};
  return {.values = first_values(document()->graph(), types, *info, known_models()), .link_obvious = true};
}

void App::choose_model(const std::string& node, const PortInfo& port, const std::string& name) {
  settings.last_models[port.folder] = name;
  save_settings_soon();
  attempt([&] { editor::choose_model(*document(), registry, node, port, name, known_models()); });
}

void App::look_for_models() {
  if (!active_tab || active_tab == models_looked_for_) return;
  models_looked_for_ = active_tab;
  const std::vector<fs::path> roots = environment(document()->folder()).model_folders;
  assets.refresh();
  for (const NodeInfo* type : registry.nodes())
    for (const PortInfo& port : type->inputs)
      if (port.widget == Widget::Model) assets.names(port.folder, roots);
}

}  // namespace weft::editor
