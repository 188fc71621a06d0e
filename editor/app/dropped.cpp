#include "editor/app/dropped.h"

#include <algorithm>

#include "editor/app/app.h"
#include "editor/session/gestures.h"
#include "editor/session/input_files.h"
#include "editor/session/picture_file.h"
#include "host/picture_codec.h"
#include "host/workflow_file.h"

namespace weft::editor {

namespace fs = std::filesystem;

namespace {

bool is_over(const Canvas& canvas, ImVec2 at) {
  return at.x >= canvas.screen_min().x && at.y >= canvas.screen_min().y && at.x < canvas.screen_max().x &&
      at.y < canvas.screen_max().y;
}

/// The node under the mouse, if it reads a picture.
const GraphNode* reader_at(App& app, ImVec2 at) {
  if (!app.active() || !is_over(app.active()->canvas, at)) return nullptr;
  const std::string id = app.active()->canvas.node_under(at);
  const GraphNode* node = id.empty() ? nullptr : app.document()->graph().find(id);
  const NodeInfo* type = node ? app.type_of(*node) : nullptr;
  return type && picture_file_param(*type) ? node : nullptr;
}

/// Where a reader of a picture goes that was dropped there: beside what lies there, and not where the mouse has gone since.
Point place_for_reader(App& app, ImVec2 at) {
  const Size size = size_of_new(app, kPictureReader);
  if (!app.active() || !is_over(app.active()->canvas, at)) return place_for_new(app, size);
  const Canvas& canvas = app.active()->canvas;
  return canvas.free_place(canvas.to_canvas(at), size);
}

void add_reader(App& app, Document& document, const fs::path& file, Point at) {
  app.attempt([&] {
    check_picture(file);
    add_picture_reader(document, app.registry, file, at);
  });
}

void set_picture(App& app, Document& document, const std::string& node, const fs::path& file) {
  app.attempt([&] {
    check_picture(file);
    set_picture_file(document, app.registry, node, file);
  });
}

/// The workflow that a picture carries, or none; that it is damaged is told.
bool carries_workflow(App& app, const fs::path& file) {
  try {
    return host::find_workflow(file, app.registry).kind != host::FoundWorkflow::Kind::None;
  } catch (const GraphError& error) {
    for (const Problem& problem : error.problems()) app.notify(problem.text(), LogLine::Kind::Warning);
    return false;
  }
}

Tab* tab_of(App& app, DocumentId document) {
  const auto found = std::ranges::find(app.tabs, document, [](const auto& tab) { return tab->document->id(); });
  return found == app.tabs.end() ? nullptr : found->get();
}

/// Opens what made the picture, and offers the picture itself for the workflow that it was dropped on.
void open_picture(App& app, const fs::path& file, ImVec2 at) {
  const DocumentId target = app.document() ? app.document()->id() : 0;
  const Point place = place_for_reader(app, at);
  const std::size_t tabs = app.tabs.size();
  if (!app.open(file) || app.tabs.size() == tabs) return;
  const DocumentId opened = app.document()->id();
  app.offer(tr_format("The workflow of {}", file.filename().string()), tr("Load as Picture"),
      [&app, file, target, opened, place] {
        if (Tab* tab = tab_of(app, opened); tab && !tab->document->dirty()) app.close_now(*tab);
        if (Tab* tab = tab_of(app, target)) {
          app.active_tab = tab;
          tab->focus = true;
        } else if (!app.document()) {
          app.new_document();
        }
        add_reader(app, *app.document(), file, place);
      });
}

void take_one(App& app, const fs::path& file, ImVec2 at) {
  std::error_code none;
  const bool json = file.extension() == ".json";
  if (json || !fs::is_regular_file(file, none)) {
    app.open(file);
  } else if (!app.attempt([&] { host::picture_codec(); })) {
    return;
  } else if (!host::picture_codec().is_picture(file)) {
    app.notify(
        tr_format("'{}' is neither a picture that can be read nor a workflow", file.string()), LogLine::Kind::Error);
  } else if (!reader_at(app, at) && carries_workflow(app, file)) {
    open_picture(app, file, at);
  } else {
    if (!app.document()) app.new_document();
    drop_picture(app, *app.document(), file, at);
  }
}

}  // namespace

void take_dropped(App& app, const std::vector<fs::path>& files, ImVec2 at) {
  const float step = (metric::kWidth + 40) * (app.active() ? app.active()->canvas.zoom() : 1);
  for (const fs::path& file : files) {
    take_one(app, file, at);
    at.x += step;
  }
}

void drop_picture(App& app, Document& document, const fs::path& file, ImVec2 at) {
  if (const GraphNode* reader = reader_at(app, at))
    set_picture(app, document, reader->id, file);
  else
    add_reader(app, document, file, place_for_reader(app, at));
}

void use_as_input(App& app, const fs::path& file) {
  if (!app.document()) app.new_document();
  Document& document = *app.document();
  const Ids& selected = document.selection().nodes;
  for (const std::string& reader : picture_readers(document, app.registry))
    if (selected.contains(reader)) return set_picture(app, document, reader, file);
  add_reader(app, document, file, place_for_new(app, size_of_new(app, kPictureReader)));
}

}  // namespace weft::editor
