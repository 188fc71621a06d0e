#include "editor/session/annotations.h"

#include <fmt/format.h>

#include <algorithm>

#include "editor/session/json_read.h"
#include "editor/session/links.h"
#include "editor/session/text.h"

namespace weft::editor {
namespace {

using Json = nlohmann::json;

Rect read_area(const Json& json) {
  return {
      read_point(json), {std::max(0.0, read_number(json, "width", 0)), std::max(0.0, read_number(json, "height", 0))}};
}

void write_point(Json& json, Point at) {
  json["x"] = written(at.x);
  json["y"] = written(at.y);
}

void write_area(Json& json, const Rect& area) {
  write_point(json, area.at);
  json["width"] = written(area.size.width);
  json["height"] = written(area.size.height);
}

/// "node.port", split at the last dot as in the file's links.
std::optional<PortRef> read_ref(const Json& json, const char* key) {
  const std::string text = read_text(json, key);
  const std::size_t dot = text.rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == text.size()) return std::nullopt;
  return PortRef{text.substr(0, dot), text.substr(dot + 1)};
}

std::string text_of(const PortRef& ref) { return ref.node + "." + ref.port; }

bool is_linked(const Graph& graph, const PortRef& source, const PortRef& target) {
  const Links& links = links_at(graph, target);
  return std::ranges::find(links, source) != links.end();
}

void read_frames(const Json& ui, Annotations& into) {
  for (const Json& json : read_list(ui, "frames")) {
    Frame frame{.id = read_text(json, "id"), .title = read_text(json, "title"), .area = read_area(json)};
    frame.colour = read_text(json, "colour", frame.colour);
    if (!frame.id.empty()) into.frames.push_back(std::move(frame));
  }
}

void read_comments(const Json& ui, Annotations& into) {
  for (const Json& json : read_list(ui, "comments")) {
    Comment comment{.id = read_text(json, "id"), .text = read_text(json, "text"), .area = read_area(json)};
    if (!comment.id.empty()) into.comments.push_back(std::move(comment));
  }
}

void read_reroutes(const Json& ui, const Graph& graph, Annotations& into) {
  for (const Json& json : read_list(ui, "reroutes")) {
    const std::string id = read_text(json, "id");
    const std::optional<PortRef> source = read_ref(json, "source"), target = read_ref(json, "target");
    if (!id.empty() && source && target && is_linked(graph, *source, *target))
      into.reroutes.push_back({id, *source, *target, read_point(json)});
  }
}

void read_bookmarks(const Json& ui, Annotations& into) {
  const Json& list = read_list(ui, "bookmarks");
  for (std::size_t i = 0; i < std::min(list.size(), kBookmarks); ++i)
    if (list[i].is_object()) into.bookmarks[i] = View{read_point(list[i]), read_number(list[i], "zoom", 1)};
}

Json written(const Annotations& annotations, Json ui) {
  const auto set = [&](const char* key, Json list) {
    if (list.empty())
      ui.erase(key);
    else
      ui[key] = std::move(list);
  };
  Json frames = Json::array(), comments = Json::array(), reroutes = Json::array(), bookmarks = Json::array();
  for (const Frame& frame : annotations.frames) {
    Json& json = frames.emplace_back(Json{{"id", frame.id}, {"title", frame.title}, {"colour", frame.colour}});
    write_area(json, frame.area);
  }
  for (const Comment& comment : annotations.comments) {
    Json& json = comments.emplace_back(Json{{"id", comment.id}, {"text", comment.text}});
    write_area(json, comment.area);
  }
  for (const Reroute& reroute : annotations.reroutes) {
    Json& json = reroutes.emplace_back(
        Json{{"id", reroute.id}, {"source", text_of(reroute.source)}, {"target", text_of(reroute.target)}});
    write_point(json, reroute.at);
  }
  for (const std::optional<View>& view : annotations.bookmarks) {
    Json& json = bookmarks.emplace_back();
    if (!view) continue;
    json = Json{{"zoom", view->zoom}};
    write_point(json, view->centre);
  }
  while (!bookmarks.empty() && bookmarks.back().is_null()) bookmarks.erase(bookmarks.size() - 1);
  set("frames", std::move(frames));
  set("comments", std::move(comments));
  set("reroutes", std::move(reroutes));
  set("bookmarks", std::move(bookmarks));
  return ui;
}

void apply(Document& document, std::string name, const Annotations& changed, std::string_view merge = {}) {
  document.apply(std::move(name), {SetExtra{with_annotations(document.extra(), changed)}}, merge);
}

template <class T>
void replace(Document& document, std::vector<T> Annotations::* list, const T& changed, const std::string& name) {
  Annotations all = annotations(document);
  const auto found = std::ranges::find(all.*list, changed.id, &T::id);
  if (found == (all.*list).end())
    throw GraphError(Problem{
        .what = tr_format("there is no '{}' on the canvas", changed.id), .remedy = tr("choose one that is there")});
  *found = changed;
  apply(document, name, all, "annotation " + changed.id);
}

}  // namespace

Annotations annotations(const Document& document) { return annotations(document.graph(), document.extra()); }

Annotations annotations(const Graph& graph, const Json& extra) {
  const Json& ui = read_member(extra, "ui");
  Annotations all;
  read_frames(ui, all);
  read_comments(ui, all);
  read_reroutes(ui, graph, all);
  read_bookmarks(ui, all);
  return all;
}

Json with_annotations(Json extra, const Annotations& annotations) {
  const Json& old = read_member(extra, "ui");
  Json ui = written(annotations, old.is_object() ? old : Json::object());
  if (ui.empty())
    extra.erase("ui");
  else
    extra["ui"] = std::move(ui);
  return extra;
}

Ids annotation_ids(const Annotations& annotations) {
  Ids ids;
  for (const Frame& frame : annotations.frames) ids.insert(frame.id);
  for (const Comment& comment : annotations.comments) ids.insert(comment.id);
  for (const Reroute& reroute : annotations.reroutes) ids.insert(reroute.id);
  return ids;
}

std::string free_annotation_id(const Annotations& annotations, const std::string& wanted) {
  const Ids taken = annotation_ids(annotations);
  std::string id = wanted;
  for (int number = 2; taken.contains(id); ++number) id = fmt::format("{}_{}", wanted, number);
  return id;
}

std::string add_frame(Document& document, const std::string& title, Rect area) {
  Annotations all = annotations(document);
  const std::string id = free_annotation_id(all, "frame");
  all.frames.push_back({.id = id, .title = title, .area = area});
  apply(document, tr("Add frame"), all);
  document.select({.annotations = {id}});
  return id;
}

std::string add_comment(Document& document, const std::string& text, Rect area) {
  Annotations all = annotations(document);
  const std::string id = free_annotation_id(all, "comment");
  all.comments.push_back({.id = id, .text = text, .area = area});
  apply(document, tr("Add comment"), all);
  document.select({.annotations = {id}});
  return id;
}

std::string add_reroute(
    Document& document, const PortRef& source, const PortRef& target, Point at, const std::string& before) {
  if (!is_linked(document.graph(), source, target))
    throw GraphError(Problem{target.node, target.port, tr_format("no link leads here from '{}'", text_of(source)),
        tr("lead a link that is there through a reroute")});
  Annotations all = annotations(document);
  const std::string id = free_annotation_id(all, "reroute");
  const auto place = std::ranges::find(all.reroutes, before, &Reroute::id);
  all.reroutes.insert(place, {id, source, target, at});
  apply(document, tr("Add reroute"), all);
  return id;
}

void set_frame(Document& document, const Frame& frame) {
  replace(document, &Annotations::frames, frame, tr("Change frame"));
}
void set_comment(Document& document, const Comment& comment) {
  replace(document, &Annotations::comments, comment, tr("Change comment"));
}
void set_reroute(Document& document, const Reroute& reroute) {
  replace(document, &Annotations::reroutes, reroute, tr("Move reroute"));
}

void set_bookmark(Document& document, std::size_t number, std::optional<View> view) {
  if (number < 1 || number > kBookmarks)
    throw GraphError(
        Problem{.what = tr_format("there is no bookmark {}", number), .remedy = tr_format("use 1 to {}", kBookmarks)});
  Annotations all = annotations(document);
  all.bookmarks[number - 1] = view;
  apply(document, view ? tr("Set bookmark") : tr("Forget bookmark"), all);
}

}  // namespace weft::editor
