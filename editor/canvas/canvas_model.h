// CanvasModel: a document as the canvas draws it: nodes with their layouts, links, frames, comments and
// reroutes, each with the number by which the node editor library knows it. Made anew when the document
// changes, not each frame.
#pragma once

#include <imgui.h>
#include <imgui_node_editor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "editor/canvas/node_layout.h"
#include "editor/session/annotations.h"
#include "editor/session/document.h"
#include "editor/session/links.h"
#include "editor/window/theme.h"
#include "graph/node_types.h"
#include "graph/registry.h"

namespace weft::editor {

struct NodeView {
  std::string id;
  ax::NodeEditor::NodeId number;
  const GraphNode* node = nullptr;  ///< in CanvasModel::graph
  const NodeInfo* type = nullptr;
  NodeLayout layout;
  ImVec2 at;
  ImU32 colour = 0;  ///< of the title
  bool collapsed = false;
  std::vector<ImU32> port_colours;  ///< as layout.ports
};

struct RerouteView {
  Reroute reroute;
  ax::NodeEditor::NodeId number;
  ImVec2 at;
  ImU32 colour = 0;
};

/// A link, or the part of one between two reroutes.
struct LinkView {
  Link link;
  ax::NodeEditor::LinkId number;
  ax::NodeEditor::PinId from, to;
  std::size_t from_node = 0, to_node = 0;  ///< in `nodes`
  int from_port = 0, to_port = 0;          ///< in their layouts; -1: a reroute
  int from_reroute = -1, to_reroute = -1;
  ImU32 colour = 0;
};

class CanvasModel {
 public:
  /// With the canvas's font pushed. `thumbnails`: nodes that have a picture to show.
  void update(const Document& document, const Registry& registry, const Theme& theme, const Ids& thumbnails);

  std::vector<NodeView> nodes;
  std::vector<LinkView> links;
  std::vector<Frame> frames;
  std::vector<Comment> comments;
  std::vector<RerouteView> reroutes;

  const NodeView* find(std::string_view id) const;
  /// What a number of the library stands for.
  const NodeView* node_of(ax::NodeEditor::NodeId number) const;
  NodeView* node_of(ax::NodeEditor::NodeId number);
  std::string annotation_of(ax::NodeEditor::NodeId number) const;  ///< empty: none
  const LinkView* link_of(ax::NodeEditor::LinkId number) const;
  /// The port of a pin; nothing for pins of reroutes, which `reroute_of_pin` tells.
  std::optional<LinkEnd> port_of(ax::NodeEditor::PinId pin) const;
  const RerouteView* reroute_of_pin(ax::NodeEditor::PinId pin) const;

  ax::NodeEditor::NodeId number_of(const std::string& id);  ///< stable as long as the canvas lives
  ax::NodeEditor::NodeId annotation_number(const std::string& id);
  ax::NodeEditor::PinId pin_of(const NodeView& node, std::size_t port) const;
  ImVec2 pin_place(const NodeView& node, std::size_t port) const {
    return {node.at.x + node.layout.ports[port].pin.x, node.at.y + node.layout.ports[port].pin.y};
  }
  int port_index(const NodeView& node, const std::string& port, bool output) const;  ///< in its layout; -1: none
  static ax::NodeEditor::PinId reroute_pin(const RerouteView& reroute, bool output);

  /// Where something lies that nothing new shall cover: nodes and comments.
  std::vector<Rect> taken() const;
  /// Of all nodes, frames and comments; empty without any.
  ImVec4 bounds() const;
  /// Another number each time that it was made anew.
  std::uint64_t generation() const { return generation_; }
  /// The types that nodes have here, subgraphs of the workflow among them.
  const NodeTypes& types() const { return *types_; }

 private:
  void add_nodes(const Registry& registry, const Theme& theme, const Ids& thumbnails);
  void add_links(const Registry& registry, const Theme& theme);
  void fit_pictures();
  void mark_exposed(const Document& document);
  void add_segments(const Link& link, ImU32 colour, const LinkView& whole);

  Graph graph_;
  std::optional<NodeTypes> types_;
  std::uint64_t revision_ = 0, generation_ = 0;
  std::string scope_;  ///< of addresses: what stands before the names of nodes
  Ids thumbnails_;
  bool dark_ = true;
  std::string language_;
  std::map<std::string, std::uintptr_t, std::less<>> numbers_;
  std::unordered_map<std::string, std::size_t> index_;
  std::unordered_map<std::uintptr_t, std::size_t> by_number_;
  std::unordered_map<std::uintptr_t, std::string> annotations_;
  std::unordered_map<std::uintptr_t, std::size_t> links_by_number_;
};

}  // namespace weft::editor
