// Commands on files and on the program itself.
#include <imgui.h>

#include <algorithm>

#include "editor/app/app.h"

namespace weft::editor {

void App::bind_file_commands() {
  const auto has_document = [this] { return active_tab != nullptr; };
  bind("file.new", [this] { new_document(); });
  bind("file.template", [this] { panels.templates = true; }, [this] { return !templates.empty(); });
  bind("file.open", [this] {
    file_dialog.ask({.kind = FileDialog::Kind::Open,
        .title = tr("Open a workflow, or a picture that carries one"),
        .folder = document() ? document()->folder() : std::filesystem::current_path(),
        .extensions = {".json", ".png", ".webp", ".jpg"},
        .chosen = [this](const std::filesystem::path& file) { open(file); }});
  });
  bind("file.save", [this] { save(*active_tab); }, has_document);
  bind("file.save_as", [this] { save_as(*active_tab); }, has_document);
  bind(
      "file.reload", [this] { attempt([&] { document()->reload(registry); }); },
      [this] { return document() && !document()->file().empty(); });
  bind(
      "file.export_picture",
      [this] {
        file_dialog.ask({.kind = FileDialog::Kind::Save,
            .title = tr("Export a picture of the graph"),
            .folder = document()->folder(),
            .name = document()->name() + ".png",
            .extensions = {".png"},
            .chosen = [this](const std::filesystem::path& file) {
              active_tab->canvas.fit(false);
              export_file = file;
            }});
      },
      has_document);
  bind("file.close", [this] { close(*active_tab); }, has_document);
  const auto step = [this](int by) {
    const auto at = std::ranges::find(tabs, active_tab, &std::unique_ptr<Tab>::get) - tabs.begin();
    const auto count = static_cast<std::ptrdiff_t>(tabs.size());
    tabs[static_cast<std::size_t>((at + by + count) % count)]->focus = true;
  };
  const auto several = [this] { return tabs.size() > 1; };
  bind("file.next", [step] { step(1); }, several);
  bind("file.previous", [step] { step(-1); }, several);
  bind("file.quit", [this] { request_quit(); });
  bind("help.settings", [this] { panels.settings.open = true; });
  bind("help.keys", [this] { panels.settings.open = panels.settings.keys_first = true; });
  bind("help.about", [this] { panels.about = true; });
}

}  // namespace weft::editor
