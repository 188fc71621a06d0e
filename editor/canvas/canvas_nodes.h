// How nodes, frames and comments look, and the pins and fields on them. One object for one frame.
// [main-thread]
#pragma once

#include "editor/app/app.h"
#include "editor/session/sweeps.h"
#include "runs/run_state.h"

namespace weft::editor {

struct CanvasNodes {
  App& app;
  Document& document;
  Canvas& canvas;
  const runs::OwnerRun* run;

  /// How much of a node is drawn, by the zoom: nobody can read a field of three pixels.
  enum class Detail : std::uint8_t { Full, Simple, Map } detail;

  /// What the document varies.
  host::Sweep varied = sweep(document);

  /// What is known of instances, put together from their nodes; made when it is asked for.
  mutable std::map<std::string, std::optional<runs::NodeRun>> instances = {};

  /// The ports (empty: the node itself) that have a problem, by node; and the types of definitions that hold one.
  std::map<std::string, std::vector<std::string>, std::less<>> problems = {};
  std::set<std::string, std::less<>> faulty_definitions = {};

  /// `zoom`: without the interface's scale.
  static Detail detail_at(float zoom) {
    return zoom >= 0.45f ? Detail::Full : zoom >= 0.3f ? Detail::Simple : Detail::Map;
  }

  /// Those that are seen, and as bare pins those at whose links one sees the other end.
  void draw_all();

 private:
  void find_problems();
  void find_drawn();
  void draw_from_afar();
  void draw_node(std::size_t index);
  void draw_body(const NodeView& view, ImVec2 at, ImDrawList& list);
  void draw_plain_body(std::size_t index, ImVec2 at, ImDrawList& list);
  bool is_small(const NodeView& view) const;
  void draw_title(const NodeView& view, ImVec2 at, ImDrawList& list, const runs::NodeRun* node);
  void draw_missing(const NodeView& view, ImVec2 at, ImDrawList& list);
  void draw_pins(const NodeView& view, ImVec2 at, ImDrawList& list, bool seen);
  void draw_labels(const NodeView& view, ImVec2 at, ImDrawList& list);
  void draw_fields(const NodeView& view, ImVec2 at);
  void draw_thumbnail(const NodeView& view, ImVec2 at, ImDrawList& list, const runs::NodeRun* node);
  void draw_picture(const NodeView& view, ImVec2 min, ImVec2 room, ImDrawList& list, const runs::NodeRun* node);
  void draw_failure(const NodeView& view, ImVec2 at, ImDrawList& list, const runs::NodeRun* node);
  const runs::NodeRun* run_of(const NodeView& view) const;
  /// Whether the document has changed since a run so that the node would give something else now.
  bool is_stale(const NodeView& view, const runs::RunOrigin& origin) const;
  struct Thumbnail {
    std::shared_ptr<const Picture> picture;  ///< null: none
    std::uint64_t version = 0;
    bool stale = false;
  };
  /// What the node made, or the file that it reads.
  Thumbnail thumbnail_of(const NodeView& view, const runs::NodeRun* node) const;
  ImU32 heat_of(const NodeView& view) const;
  bool has_problem(const NodeView& view) const;
  bool has_problem(const NodeView& view, const ShownPort& port) const;
  /// Whether the link that is dragged could end here: others are dimmed.
  bool may_take(const NodeView& view, const ShownPort& port) const;
};

}  // namespace weft::editor
