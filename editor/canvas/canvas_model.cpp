#include "editor/canvas/canvas_model.h"

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <utility>

#include "editor/session/text.h"

namespace weft::editor {

namespace ed = ax::NodeEditor;

namespace {

// A pin's number holds its node's number, its place among the node's ports, and a mark that tells it from
// nodes.
constexpr std::uintptr_t kPortsPerNode = 1024;
constexpr std::uintptr_t kPinMark = std::uintptr_t{1} << 48;
constexpr std::uintptr_t kLinkMark = std::uintptr_t{1} << 49;

std::string link_key(const Link& link, int segment) {
  return "link " + link.source.node + '\n' + link.source.port + '\n' + link.target.node + '\n' + link.target.port +
      '\n' + std::to_string(segment);
}

}  // namespace

ed::NodeId CanvasModel::number_of(const std::string& id) {
  return numbers_.try_emplace("node " + scope_ + id, numbers_.size() + 1).first->second;
}

ed::NodeId CanvasModel::annotation_number(const std::string& id) {
  return numbers_.try_emplace("note " + scope_ + id, numbers_.size() + 1).first->second;
}

ed::PinId CanvasModel::pin_of(const NodeView& node, std::size_t port) const {
  return kPinMark | (node.number.Get() * kPortsPerNode + port);
}

ed::PinId CanvasModel::reroute_pin(const RerouteView& reroute, bool output) {
  return kPinMark | (reroute.number.Get() * kPortsPerNode + (output ? 1 : 0));
}

const NodeView* CanvasModel::find(std::string_view id) const {
  const auto found = index_.find(std::string(id));
  return found == index_.end() ? nullptr : &nodes[found->second];
}

const NodeView* CanvasModel::node_of(ed::NodeId number) const {
  const auto found = by_number_.find(number.Get());
  return found == by_number_.end() ? nullptr : &nodes[found->second];
}

NodeView* CanvasModel::node_of(ed::NodeId number) {
  return const_cast<NodeView*>(std::as_const(*this).node_of(number));
}

std::string CanvasModel::annotation_of(ed::NodeId number) const {
  const auto found = annotations_.find(number.Get());
  return found == annotations_.end() ? std::string{} : found->second;
}

const LinkView* CanvasModel::link_of(ed::LinkId number) const {
  const auto found = links_by_number_.find(number.Get());
  return found == links_by_number_.end() ? nullptr : &links[found->second];
}

std::optional<LinkEnd> CanvasModel::port_of(ed::PinId pin) const {
  const std::uintptr_t number = pin.Get() & ~kPinMark;
  const NodeView* node = node_of(number / kPortsPerNode);
  const std::size_t port = number % kPortsPerNode;
  if (!node || port >= node->layout.ports.size()) return std::nullopt;
  return LinkEnd{{node->id, node->layout.ports[port].info.name}, node->layout.ports[port].is_output};
}

const RerouteView* CanvasModel::reroute_of_pin(ed::PinId pin) const {
  const std::uintptr_t number = (pin.Get() & ~kPinMark) / kPortsPerNode;
  const auto found = std::ranges::find(reroutes, number, [](const RerouteView& each) { return each.number.Get(); });
  return found == reroutes.end() ? nullptr : &*found;
}

int CanvasModel::port_index(const NodeView& node, const std::string& port, bool output) const {
  const auto& ports = node.layout.ports;
  for (std::size_t i = 0; i < ports.size(); ++i)
    if (ports[i].is_output == output && ports[i].info.name == port) return static_cast<int>(i);
  return -1;
}

void CanvasModel::add_nodes(const Registry& registry, const Theme& theme, const Ids& thumbnails) {
  std::unordered_map<std::string, std::vector<std::string>> linked_outputs;
  for (const Link& link : links_of(graph_)) linked_outputs[link.source.node].push_back(link.source.port);
  static const std::vector<std::string> kNone;
  for (const GraphNode* node : graph_.nodes()) {
    NodeView view;
    view.id = node->id;
    view.number = number_of(node->id);
    view.node = node;
    view.type = types_->find(node->type);
    const NodeUi ui = node_ui(*node);
    const auto outputs = linked_outputs.find(node->id);
    view.layout = lay_out(
        {*node, view.type, outputs == linked_outputs.end() ? kNone : outputs->second}, thumbnails.contains(node->id));
    view.at = {static_cast<float>(ui.at.x), static_cast<float>(ui.at.y)};
    view.collapsed = ui.collapsed;
    view.colour = colour_of(
        ui.colour, view.type ? category_colour(theme, view.type->options.menu) : mixed(theme.bad, theme.node, 0.45f));
    for (const ShownPort& port : view.layout.ports)
      view.port_colours.push_back(type_colour(theme, registry.find_type(port.info.type)));
    index_[view.id] = nodes.size();
    by_number_[view.number.Get()] = nodes.size();
    nodes.push_back(std::move(view));
  }
}

void CanvasModel::add_segments(const Link& link, ImU32 colour, const LinkView& whole) {
  LinkView segment = whole;
  int count = 0;
  const auto finish = [&] {
    segment.link = link;
    segment.colour = colour;
    segment.number =
        kLinkMark | numbers_.try_emplace(scope_ + link_key(link, count++), numbers_.size() + 1).first->second;
    links_by_number_[segment.number.Get()] = links.size();
    links.push_back(segment);
  };
  for (std::size_t i = 0; i < reroutes.size(); ++i) {
    if (reroutes[i].reroute.source != link.source || reroutes[i].reroute.target != link.target) continue;
    reroutes[i].colour = colour;
    segment.to = reroute_pin(reroutes[i], false);
    segment.to_reroute = static_cast<int>(i);
    segment.to_port = -1;
    finish();
    segment.from = reroute_pin(reroutes[i], true);
    segment.from_reroute = static_cast<int>(i);
    segment.from_port = -1;
    segment.to = whole.to;
    segment.to_reroute = -1;
    segment.to_port = whole.to_port;
  }
  finish();
}

void CanvasModel::add_links(const Registry& registry, const Theme& theme) {
  for (const Link& link : links_of(graph_)) {
    const auto from = index_.find(link.source.node), to = index_.find(link.target.node);
    if (from == index_.end() || to == index_.end()) continue;
    LinkView whole;
    whole.from_node = from->second;
    whole.to_node = to->second;
    whole.from_port = port_index(nodes[whole.from_node], link.source.port, true);
    whole.to_port = port_index(nodes[whole.to_node], link.target.port, false);
    if (whole.from_port < 0 || whole.to_port < 0) continue;  // a port that its type does not have: in the problems
    whole.from = pin_of(nodes[whole.from_node], static_cast<std::size_t>(whole.from_port));
    whole.to = pin_of(nodes[whole.to_node], static_cast<std::size_t>(whole.to_port));
    const std::string type = port_type(graph_, *types_, {link.source, true});
    add_segments(link, type_colour(theme, registry.find_type(type)), whole);
  }
}

void CanvasModel::update(
    const Document& document, const Registry& registry, const Theme& theme, const Ids& thumbnails) {
  const std::string scope = document.address("");
  if (revision_ == document.revision() && scope == scope_ && thumbnails == thumbnails_ && dark_ == theme.dark &&
      language_ == language())
    return;
  revision_ = document.revision();
  ++generation_;
  scope_ = scope;
  types_.emplace(document.workflow().subgraphs, registry);
  thumbnails_ = thumbnails;
  dark_ = theme.dark;
  language_ = language();
  graph_ = document.graph();
  nodes.clear(), links.clear(), reroutes.clear();
  index_.clear(), by_number_.clear(), annotations_.clear(), links_by_number_.clear();
  const Annotations notes = annotations(document);
  frames = notes.frames;
  comments = notes.comments;
  for (const Reroute& reroute : notes.reroutes)
    reroutes.push_back({reroute, annotation_number(reroute.id),
        {static_cast<float>(reroute.at.x), static_cast<float>(reroute.at.y)}, theme.text_dim});
  for (const Frame& each : frames) annotations_[annotation_number(each.id).Get()] = each.id;
  for (const Comment& each : comments) annotations_[annotation_number(each.id).Get()] = each.id;
  for (const RerouteView& each : reroutes) annotations_[each.number.Get()] = each.reroute.id;
  add_nodes(registry, theme, thumbnails);
  fit_pictures();
  add_links(registry, theme);
  mark_exposed(document);
}

/// The room of a picture ends above the next node, so that none grows over another when one comes.
void CanvasModel::fit_pictures() {
  constexpr float kGap = 14;
  std::vector<std::size_t> by_top(nodes.size());
  std::iota(by_top.begin(), by_top.end(), std::size_t{0});
  const auto top = [&](std::size_t i) { return nodes[i].at.y; };
  std::ranges::sort(by_top, {}, top);
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    NodeView& node = nodes[i];
    if (node.layout.picture_height <= 0) continue;
    const float from = node.at.y + node.layout.thumbnail_top, end = from + node.layout.picture_height + kGap;
    for (auto below = std::ranges::lower_bound(by_top, node.at.y + metric::kTitle, {}, top);
        below != by_top.end() && top(*below) < end; ++below) {
      const NodeView& other = nodes[*below];
      if (*below == i || other.at.x >= node.at.x + node.layout.size.x || other.at.x + other.layout.size.x <= node.at.x)
        continue;
      limit_picture(node.layout, top(*below) - from - kGap);
      break;
    }
  }
}

void CanvasModel::mark_exposed(const Document& document) {
  const auto mark = [&](const PortRef& port, const std::string& name, bool output) {
    const auto found = index_.find(port.node);
    if (found == index_.end()) return;
    NodeView& node = nodes[found->second];
    if (const int at = port_index(node, port.port, output); at >= 0)
      node.layout.ports[static_cast<std::size_t>(at)].exposed_as = name;
  };
  const std::string scope = document.scope();
  if (scope.empty()) {
    const Interface& interface = document.workflow().interface;
    for (const auto& [name, port] : interface.inputs) mark(port, name, false);
    for (const auto& [name, port] : interface.outputs) mark(port, name, true);
    return;
  }
  const SubgraphInterface& interface = document.workflow().subgraphs.at(scope).interface;
  for (const SubgraphInput& input : interface.inputs)
    for (const PortRef& target : input.targets) mark(target, input.name, false);
  for (const SubgraphOutput& output : interface.outputs) mark(output.source, output.name, true);
}

std::vector<Rect> CanvasModel::taken() const {
  std::vector<Rect> rects;
  for (const NodeView& node : nodes)
    rects.push_back({{node.at.x, node.at.y}, {node.layout.size.x, node.layout.size.y}});
  for (const Comment& comment : comments) rects.push_back(comment.area);
  return rects;
}

ImVec4 CanvasModel::bounds() const {
  ImVec4 all{1e9f, 1e9f, -1e9f, -1e9f};
  const auto take = [&](ImVec2 min, ImVec2 size) {
    all = {std::min(all.x, min.x), std::min(all.y, min.y), std::max(all.z, min.x + size.x),
        std::max(all.w, min.y + size.y)};
  };
  for (const NodeView& node : nodes) take(node.at, node.layout.size);
  const auto take_area = [&](const Rect& area) {
    take({static_cast<float>(area.at.x), static_cast<float>(area.at.y)},
        {static_cast<float>(area.size.width), static_cast<float>(area.size.height)});
  };
  for (const Frame& frame : frames) take_area(frame.area);
  for (const Comment& comment : comments) take_area(comment.area);
  return all.x > all.z ? ImVec4{} : all;
}

}  // namespace weft::editor
