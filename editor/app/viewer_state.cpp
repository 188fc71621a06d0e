#include "editor/app/viewer_state.h"

#include <algorithm>

#include "editor/app/app.h"
#include "editor/app/shown_pictures.h"

namespace weft::editor {

using Mode = ViewerState::Mode;

void show_in_viewer(App& app, Shown shown) {
  ViewerState& viewer = app.viewer();
  if (viewer.mode == Mode::Pinned && viewer.a) {
    if (viewer.a != shown) app.notify(tr("The viewer is pinned: click the pin above its picture to let it go"));
    return;
  }
  viewer.mode = Mode::Chosen;
  viewer.a = std::move(shown);
}

void follow_latest(ViewerState& viewer, bool follow) {
  viewer.mode = follow ? Mode::Follow : Mode::Chosen;
  viewer.followed.reset();
}

void pin(ViewerState& viewer, bool pinned) { viewer.mode = pinned ? Mode::Pinned : Mode::Chosen; }

void compare_with_file(App& app, const std::string& file) {
  ViewerState& viewer = app.viewer();
  viewer.b = {
      .picture = nullptr, .version = 0, .file = file, .caption = std::filesystem::path(file).filename().string()};
  viewer.compare = ViewerState::Compare::Wipe;
}

void open_lightbox(App& app, std::vector<Shown> pictures, std::size_t at) {
  if (pictures.empty()) return;
  at = std::min(at, pictures.size() - 1);
  app.panels.lightbox = {.open = true, .pictures = std::move(pictures), .at = at, .view = {}};
}

void open_lightbox(App& app, const Shown& first) {
  std::vector<Shown> pictures;
  if (first.file.empty())
    pictures = all_pictures(app);
  else
    for (const GalleryItem& item : *app.gallery.items())
      pictures.push_back({.node = {}, .port = {}, .file = item.file.string()});
  const auto place = std::ranges::find(pictures, first);
  if (place == pictures.end())
    open_lightbox(app, std::vector{first}, 0);
  else
    open_lightbox(app, pictures, static_cast<std::size_t>(place - pictures.begin()));
}

void look_closer(App& app, const std::string& address) {
  const std::vector<Shown> pictures = all_pictures(app);
  const auto first = std::ranges::find(pictures, address, &Shown::node);
  if (first != pictures.end()) open_lightbox(app, pictures, static_cast<std::size_t>(first - pictures.begin()));
}

}  // namespace weft::editor
