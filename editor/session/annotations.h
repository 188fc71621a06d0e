// Annotations: what stands on the canvas beside nodes and means nothing to a run: frames, comments, reroutes,
// bookmarks. Kept under the key "ui" of the unknown keys of the workflow or the subgraph, so the file carries
// them and every change is undoable. Ids are unique among frames, comments and reroutes of a document.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "editor/session/document.h"
#include "editor/session/geometry.h"

namespace weft::editor {

struct Frame {
  std::string id;
  std::string title;
  std::string colour = "#4a5568";
  Rect area;
  bool operator==(const Frame&) const = default;
};

struct Comment {
  std::string id;
  std::string text;
  Rect area;
  bool operator==(const Comment&) const = default;
};

/// A dot that a link is led through. A link may have several, in the order of the list.
struct Reroute {
  std::string id;
  PortRef source;
  PortRef target;
  Point at;
  bool operator==(const Reroute&) const = default;
};

/// Where somebody looked.
struct View {
  Point centre;
  double zoom = 1;
  bool operator==(const View&) const = default;
};

inline constexpr std::size_t kBookmarks = 9;

struct Annotations {
  std::vector<Frame> frames;
  std::vector<Comment> comments;
  std::vector<Reroute> reroutes;
  std::array<std::optional<View>, kBookmarks> bookmarks;
  bool operator==(const Annotations&) const = default;
};

/// Of what the document shows. Entries of a shape that we do not know are left out, reroutes of links that
/// are gone too.
Annotations annotations(const Document& document);
Annotations annotations(const Graph& graph, const nlohmann::json& extra);
inline Annotations annotations(const Workflow& workflow) { return annotations(workflow.graph, workflow.extra); }
/// The unknown keys with these in place of the old ones; others stay.
nlohmann::json with_annotations(nlohmann::json extra, const Annotations& annotations);
/// Of frames, comments and reroutes.
Ids annotation_ids(const Annotations& annotations);
/// "frame", "frame_2" ...: an id that no annotation has.
std::string free_annotation_id(const Annotations& annotations, const std::string& wanted);

inline constexpr Size kNewComment{240, 90};

// Gestures; each is one step of undo. Throw GraphError where there is no such annotation.

std::string add_frame(Document& document, const std::string& title, Rect area);
std::string add_comment(Document& document, const std::string& text, Rect area);
/// `before`: the reroute of the same link that it comes before; empty: the last.
std::string add_reroute(
    Document& document, const PortRef& source, const PortRef& target, Point at, const std::string& before = {});
/// Replaces the annotation with this one's id. Drags merge.
void set_frame(Document& document, const Frame& frame);
void set_comment(Document& document, const Comment& comment);
void set_reroute(Document& document, const Reroute& reroute);
/// number 1 to 9; no view: forgets it.
void set_bookmark(Document& document, std::size_t number, std::optional<View> view);

}  // namespace weft::editor
