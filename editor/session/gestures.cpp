#include "editor/session/gestures.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <iterator>

#include "editor/session/annotations.h"
#include "editor/session/defaults.h"
#include "editor/session/draft.h"
#include "editor/session/json_read.h"
#include "editor/session/node_text.h"
#include "editor/session/node_ui.h"
#include "editor/session/sweeps.h"

namespace weft::editor {
namespace {

/// "image.load" -> "load", "subgraph:upscale" -> "upscale".
std::string last_word(const std::string& type) {
  const std::size_t mark = type.find_last_of(".:");
  return mark == std::string::npos || mark + 1 == type.size() ? type : type.substr(mark + 1);
}

std::string title_of(const NodeTypes& types, const std::string& type) {
  const NodeInfo* info = types.find(type);
  return info ? shown_title(*info) : type;
}

GraphNode new_node(const Graph& graph, const std::string& type, Point at) {
  GraphNode node{.id = free_id(graph, last_word(type)), .type = type};
  node.ui = with_node_ui(node, {.at = at});
  return node;
}

Edit links_edit(const PortRef& target, Links links) {
  if (links.empty()) return ClearInput{target.node, target.port};
  return SetInput{target.node, target.port, std::move(links)};
}

void set_links(Draft& draft, const PortRef& target, Links links) { draft.apply(links_edit(target, std::move(links))); }

void unlink(Draft& draft, const Link& link) {
  Links links = links_at(draft.graph(), link.target);
  if (std::erase(links, link.source) > 0) set_links(draft, link.target, std::move(links));
}

/// Throws what check_link() says against it.
void link(Draft& draft, const Link& link) {
  const LinkCheck check = check_link(draft.graph(), draft.types(), link);
  if (check.problem) throw GraphError(*check.problem);
  if (check.exists) return;
  Links links = links_at(draft.graph(), link.target);
  if (check.replaces) links.clear();
  links.push_back(link.source);
  set_links(draft, link.target, std::move(links));
}

/// Adds a node to the draft, without links, and gives its id.
std::string begin_node(Draft& draft, const std::string& type, Point at, const Beginning& beginning) {
  GraphNode node = new_node(draft.graph(), type, at);
  for (const auto& [port, value] : beginning.values) node.inputs[port] = value;
  const std::string id = node.id;
  draft.apply(AddNode{std::move(node)});
  return id;
}

void link_obvious(Draft& draft, const std::string& node) {
  for (const Link& each : obvious_links(draft.graph(), draft.types(), node)) link(draft, each);
}

/// What feeds an output from outside `gone`, followed through the inputs of the nodes in it; none if no type
/// fits.
class Healer {
 public:
  Healer(const Graph& graph, const NodeTypes& types, const Ids& gone) : graph_(graph), types_(types), gone_(gone) {}

  std::optional<PortRef> source_for(const PortRef& output, const std::string& wanted_type) const {
    if (!gone_.contains(output.node)) return output;
    const NodeInfo* info = types_.find(graph_.node(output.node).type);
    if (!info) return std::nullopt;
    for (const PortInfo& input : info->inputs) {
      for (const PortRef& source : links_at(graph_, {output.node, input.name})) {
        const std::string type = port_type(graph_, types_, {source, true});
        if (type.empty() || !types_match(type, wanted_type)) continue;
        if (std::optional<PortRef> found = source_for(source, wanted_type)) return found;
      }
    }
    return std::nullopt;
  }

  /// The links of an input without those from `gone_`; with `heal`, with what takes their place.
  Links links_without(const PortRef& target, bool heal) const {
    const std::string wanted = port_type(graph_, types_, {target, false});
    Links kept;
    for (const PortRef& source : links_at(graph_, target)) {
      std::optional<PortRef> found = source;
      if (gone_.contains(source.node)) found = heal ? source_for(source, wanted) : std::nullopt;
      if (found && std::ranges::find(kept, *found) == kept.end()) kept.push_back(*found);
    }
    return kept;
  }

 private:
  const Graph& graph_;
  const NodeTypes& types_;
  const Ids& gone_;
};

/// Takes the links away that lead out of `nodes`, and heals where asked for.
void cut_outputs(Draft& draft, const Ids& nodes, bool heal) {
  const Graph before = draft.graph();
  const Healer healer(before, draft.types(), nodes);
  Ids done;
  for (const std::string& id : nodes) {
    for (const auto& [source, target] : before.links_from(id)) {
      const bool inside = nodes.contains(target.node);
      if (!inside && done.insert(target.node + "." + target.port).second)
        set_links(draft, target, healer.links_without(target, heal));
    }
  }
}

void take_into_link(Draft& draft, const std::string& node, const Link& link_before) {
  const std::optional<Insertion> found = insertion(draft.graph(), draft.types(), node, link_before);
  if (!found)
    throw GraphError(Problem{.node = node,
        .what = tr_format("the node does not fit between {} and {}", link_before.source.node, link_before.target.node),
        .remedy = tr("use a node that takes and gives what the link carries")});
  link(draft, found->in);
  Links links = links_at(draft.graph(), link_before.target);
  std::ranges::replace(links, link_before.source, found->out.source);
  set_links(draft, link_before.target, std::move(links));
}

Annotations without(Annotations all, const Ids& gone) {
  const auto is_gone = [&](const auto& annotation) { return gone.contains(annotation.id); };
  std::erase_if(all.frames, is_gone);
  std::erase_if(all.comments, is_gone);
  std::erase_if(all.reroutes, is_gone);
  return all;
}

/// `edit` changes the NodeUi of each of these nodes.
void change_ui(Document& document, const std::string& name, const Ids& nodes, const std::function<void(NodeUi&)>& edit,
    std::string_view merge = {}) {
  std::vector<Edit> edits;
  for (const std::string& id : nodes) {
    const GraphNode& node = document.graph().node(id);
    NodeUi ui = node_ui(node);
    edit(ui);
    edits.push_back(SetUi{id, with_node_ui(node, ui)});
  }
  document.apply(name, std::move(edits), merge);
}

/// "Delete {}" with the one that is meant, or how many.
std::string counted(const char* format, const Selection& what) {
  const std::size_t count = what.nodes.size() + what.annotations.size();
  const std::string whom = count != 1 ? tr_format_n("{} item", "{} items", count)
      : what.nodes.empty()            ? *what.annotations.begin()
                                      : *what.nodes.begin();
  return fmt::vformat(format, fmt::make_format_args(whom));
}

}  // namespace

std::string free_id(const Graph& graph, std::string_view wanted) {
  std::string id(wanted);
  for (int number = 2; graph.contains(id); ++number) id = fmt::format("{}_{}", wanted, number);
  return id;
}

std::string add_node(
    Document& document, const Registry& registry, const std::string& type, Point at, const Beginning& beginning) {
  Draft draft(document, registry);
  const std::string id = begin_node(draft, type, at, beginning);
  if (beginning.link_obvious) link_obvious(draft, id);
  document.apply_to_workflow(tr_format("Add {}", title_of(document.types(registry), type)), std::move(draft).edits());
  document.select({.nodes = {id}});
  return id;
}

std::string add_linked_node(Document& document, const Registry& registry, const NodeChoice& choice, Point at,
    const LinkEnd& from, const Beginning& beginning) {
  Draft draft(document, registry);
  const std::string id = begin_node(draft, choice.type->id, at, beginning);
  const PortRef here{id, choice.port};
  link(draft, from.is_output ? Link{from.port, here} : Link{here, from.port});
  if (beginning.link_obvious) link_obvious(draft, id);
  document.apply_to_workflow(
      tr_format("Add {}", title_of(document.types(registry), choice.type->id)), std::move(draft).edits());
  document.select({.nodes = {id}});
  return id;
}

void remove(Document& document, const Registry& registry, const Selection& what, bool heal) {
  if (what.empty()) return;
  Draft draft(document, registry);
  if (heal) cut_outputs(draft, what.nodes, true);
  for (const std::string& id : what.nodes) draft.apply(RemoveNode{id});
  // Reroutes of links that are gone go with them.
  const Annotations kept = without(annotations(draft.graph(), document.extra()), what.annotations);
  if (!(kept == annotations(document))) draft.apply(SetExtra{with_annotations(document.extra(), kept)});
  const auto move = [&](const Workflow&, const PortRef& param) {
    const bool gone = std::ranges::any_of(
        what.nodes, [&](const std::string& id) { return param.node == node_in_sweep(document, id); });
    return gone ? std::nullopt : std::optional(param);
  };
  document.apply_to_workflow(counted(heal ? tr("Dissolve {}") : tr("Delete {}"), what),
      with_sweep_following(document, std::move(draft).edits(), move));
}

void detach(Document& document, const Registry& registry, const Ids& nodes) {
  Draft draft(document, registry);
  cut_outputs(draft, nodes, true);
  for (const std::string& id : nodes) {
    const GraphNode node = draft.graph().node(id);
    for (const auto& [port, value] : node.inputs) {
      const Links* links = std::get_if<Links>(&value);
      if (!links) continue;
      Links kept;
      std::ranges::copy_if(
          *links, std::back_inserter(kept), [&](const PortRef& source) { return nodes.contains(source.node); });
      if (kept != *links) set_links(draft, {id, port}, std::move(kept));
    }
  }
  document.apply_to_workflow(counted(tr("Detach {}"), {.nodes = nodes}), std::move(draft).edits());
}

void rename(Document& document, const std::string& from, const std::string& to) {
  std::vector<Edit> edits{RenameNode{from, to}};
  const Annotations before = annotations(document);
  Annotations all = before;
  for (Reroute& reroute : all.reroutes)
    for (PortRef* end : {&reroute.source, &reroute.target})
      if (end->node == from) end->node = to;
  if (!(all == before)) edits.push_back(SetExtra{with_annotations(document.extra(), all)});
  if (const std::string shown = document.scope(); !shown.empty()) edits = {EditSubgraph{shown, std::move(edits)}};
  const auto move = [&](const Workflow&, PortRef param) {
    if (param.node == node_in_sweep(document, from)) param.node = node_in_sweep(document, to);
    return std::optional(std::move(param));
  };
  Selection selection = document.selection();
  document.apply_to_workflow(
      tr_format("Rename {} to {}", from, to), with_sweep_following(document, std::move(edits), move));
  if (!selection.nodes.contains(from)) return;
  selection.nodes.insert(to);
  document.select(std::move(selection));
}

void set_title(Document& document, const std::string& node, const std::string& title) {
  document.apply(tr_format("Title {}", node), {SetTitle{node, title}});
}

void move(Document& document, const Positions& positions, const std::string& name) {
  std::vector<Edit> edits;
  std::string merge = name;
  for (const auto& [id, at] : positions.nodes) {
    nlohmann::json ui = document.graph().node(id).ui;
    ui["x"] = written(at.x);
    ui["y"] = written(at.y);
    edits.push_back(SetUi{id, std::move(ui)});
    merge += '\n' + id;
  }
  if (!positions.annotations.empty()) {
    Annotations all = annotations(document);
    const auto place = [&](const std::string& id, Point& at) {
      const auto found = positions.annotations.find(id);
      if (found == positions.annotations.end()) return;
      at = found->second;
      merge += '\n' + id;
    };
    for (Frame& frame : all.frames) place(frame.id, frame.area.at);
    for (Comment& comment : all.comments) place(comment.id, comment.area.at);
    for (Reroute& reroute : all.reroutes) place(reroute.id, reroute.at);
    edits.push_back(SetExtra{with_annotations(document.extra(), all)});
  }
  document.apply(name, std::move(edits), merge);
}

Positions positions(const Document& document, const Selection& what) {
  Positions found;
  for (const std::string& id : what.nodes) found.nodes[id] = node_ui(document.graph().node(id)).at;
  if (what.annotations.empty()) return found;
  const Annotations all = annotations(document);
  const auto note = [&](const std::string& id, Point at) {
    if (what.annotations.contains(id)) found.annotations[id] = at;
  };
  for (const Frame& frame : all.frames) note(frame.id, frame.area.at);
  for (const Comment& comment : all.comments) note(comment.id, comment.area.at);
  for (const Reroute& reroute : all.reroutes) note(reroute.id, reroute.at);
  return found;
}

void set_collapsed(Document& document, const Ids& nodes, bool collapsed) {
  change_ui(document, counted(collapsed ? tr("Collapse {}") : tr("Expand {}"), {.nodes = nodes}), nodes,
      [&](NodeUi& ui) { ui.collapsed = collapsed; });
}

void set_colour(Document& document, const Ids& nodes, const std::string& colour) {
  change_ui(document, counted(tr("Colour {}"), {.nodes = nodes}), nodes, [&](NodeUi& ui) { ui.colour = colour; });
}

void set_width(Document& document, const std::string& node, double width) {
  change_ui(document, tr_format("Resize {}", node), {node}, [&](NodeUi& ui) { ui.width = width; }, "width " + node);
}

void show_as_input(Document& document, const std::string& node, const std::string& param, bool as_input) {
  const GraphNode& now = document.graph().node(node);
  NodeUi ui = node_ui(now);
  if (as_input)
    ui.shown_ports.insert(param);
  else
    ui.shown_ports.erase(param);
  std::vector<Edit> edits{SetUi{node, with_node_ui(now, ui)}};
  if (!as_input && !links_at(document.graph(), {node, param}).empty()) edits.push_back(ClearInput{node, param});
  document.apply(
      as_input ? tr_format("Make {} an input", param) : tr_format("Make {} a param", param), std::move(edits));
}

void set_param(Document& document, const std::string& node, const std::string& port, const nlohmann::json& value) {
  set_param(document, std::span(&node, 1), port, value);
}

void set_param(
    Document& document, std::span<const std::string> nodes, const std::string& port, const nlohmann::json& value) {
  std::vector<Edit> edits;
  for (const std::string& node : nodes) {
    if (value.is_null())
      edits.emplace_back(ClearInput{node, port});
    else
      edits.emplace_back(SetInput{node, port, value});
  }
  document.apply(value.is_null() ? tr_format("Reset {}", port) : tr_format("Change {}", port), std::move(edits),
      fmt::format("param {}.{}", fmt::join(nodes, " "), port));
}

void connect(Document& document, const Registry& registry, const Link& wanted) {
  Draft draft(document, registry);
  link(draft, wanted);
  document.apply_to_workflow(
      tr_format("Link {} to {}", wanted.source.node, wanted.target.node), std::move(draft).edits());
}

void disconnect(Document& document, const std::vector<Link>& links) {
  std::map<PortRef, Links> left;
  for (const Link& link : links)
    std::erase(left.try_emplace(link.target, links_at(document.graph(), link.target)).first->second, link.source);
  std::vector<Edit> edits;
  for (auto& [target, sources] : left) edits.push_back(links_edit(target, std::move(sources)));
  document.apply(links.size() == 1 ? tr_format("Unlink {}", links.front().target.node)
                                   : tr_format_n("Cut {} link", "Cut {} links", links.size()),
      std::move(edits));
}

void reconnect(Document& document, const Registry& registry, const Link& from, const Link& to) {
  if (from == to) return;
  Draft draft(document, registry);
  unlink(draft, from);
  link(draft, to);
  document.apply_to_workflow(tr("Move link"), std::move(draft).edits());
}

void insert_on_link(Document& document, const Registry& registry, const std::string& node, const Link& link) {
  Draft draft(document, registry);
  take_into_link(draft, node, link);
  document.apply_to_workflow(tr_format("Insert {}", node), std::move(draft).edits());
}

std::string add_on_link(Document& document, const Registry& registry, const std::string& type, Point at,
    const Link& link, const Beginning& beginning) {
  Draft draft(document, registry);
  const std::string id = begin_node(draft, type, at, beginning);
  take_into_link(draft, id, link);
  if (beginning.link_obvious) link_obvious(draft, id);
  document.apply_to_workflow(
      tr_format("Insert {}", title_of(document.types(registry), type)), std::move(draft).edits());
  document.select({.nodes = {id}});
  return id;
}

Link lazy_connect(Document& document, const Registry& registry, const std::string& a, const std::string& b) {
  const std::optional<Link> best = best_link(document.graph(), document.types(registry), a, b);
  if (!best)
    throw GraphError(Problem{.node = b,
        .what = tr_format("no output of one of '{}' and '{}' fits a free input of the other", a, b),
        .remedy = tr("link other nodes, or drag from a port to see what fits it")});
  connect(document, registry, *best);
  return *best;
}

void set_state(Document& document, const Ids& nodes, NodeState state) {
  std::vector<Edit> edits;
  for (const std::string& id : nodes) edits.push_back(SetState{id, state});
  const char* const format = state == NodeState::Muted ? tr("Mute {}")
      : state == NodeState::Bypassed                   ? tr("Bypass {}")
                                                       : tr("Activate {}");
  document.apply(counted(format, {.nodes = nodes}), std::move(edits));
}

}  // namespace weft::editor
