#include "editor/session/clipboard.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "editor/session/annotations.h"
#include "editor/session/draft.h"
#include "editor/session/gestures.h"
#include "editor/session/json_read.h"
#include "editor/session/node_ui.h"
#include "editor/session/text.h"

namespace weft::editor {
namespace {

using Json = nlohmann::json;
using Names = std::map<std::string, std::string, std::less<>>;  ///< from what was copied to what is pasted

constexpr const char* kOutside = "outside";

/// What is said of the links that lead in from nodes that were not copied: {"sampler": {"model":
/// ["load.model"]}}.
Json take_outside_links(GraphNode& node, const Ids& copied) {
  Json outside = Json::object();
  for (auto input = node.inputs.begin(); input != node.inputs.end();) {
    Links* links = std::get_if<Links>(&input->second);
    if (!links) {
      ++input;
      continue;
    }
    for (const PortRef& source : *links)
      if (!copied.contains(source.node)) outside[input->first].push_back({source.node, source.port});
    std::erase_if(*links, [&](const PortRef& source) { return !copied.contains(source.node); });
    input = links->empty() ? node.inputs.erase(input) : std::next(input);
  }
  return outside;
}

Annotations selected_annotations(const Document& document, const Selection& what) {
  Annotations all = annotations(document);
  const auto not_selected = [&](const auto& annotation) { return !what.annotations.contains(annotation.id); };
  std::erase_if(all.frames, not_selected);
  std::erase_if(all.comments, not_selected);
  std::erase_if(all.reroutes, [&](const Reroute& reroute) {
    return !what.nodes.contains(reroute.source.node) || !what.nodes.contains(reroute.target.node);
  });
  all.bookmarks = {};
  return all;
}

/// Around nodes, frames and comments.
Rect area_of(const Workflow& workflow, const Registry& registry) {
  const Annotations notes = annotations(workflow);
  const NodeTypes types(workflow.subgraphs, registry);
  std::optional<Rect> area;
  const auto take = [&](Rect rect) {
    if (!area) area = rect;
    const Point from{std::min(area->at.x, rect.at.x), std::min(area->at.y, rect.at.y)};
    const Point to{std::max(area->right(), rect.right()), std::max(area->bottom(), rect.bottom())};
    area = Rect{from, {to.x - from.x, to.y - from.y}};
  };
  for (const GraphNode* node : workflow.graph.nodes())
    take({node_ui(*node).at, size_of_node(*node, types.find(node->type))});
  for (const Frame& frame : notes.frames) take(frame.area);
  for (const Comment& comment : notes.comments) take(comment.area);
  return area.value_or(Rect{});
}

/// Adds the nodes of `from` to the draft under free names, without their links.
Names add_nodes(Draft& draft, const Workflow& from, Point shift) {
  Names names;
  for (const GraphNode* node : from.graph.nodes()) {
    GraphNode copy = *node;
    copy.id = free_id(draft.graph(), node->id);
    NodeUi ui = node_ui(copy);
    ui.at = ui.at + shift;
    copy.ui = with_node_ui(copy, ui);
    std::erase_if(copy.inputs, [](const auto& input) { return std::holds_alternative<Links>(input.second); });
    names[node->id] = copy.id;
    draft.apply(AddNode{std::move(copy)});
  }
  return names;
}

void add_links(Draft& draft, const Workflow& from, const Names& names) {
  for (const GraphNode* node : from.graph.nodes()) {
    for (const auto& [port, value] : node->inputs) {
      const Links* links = std::get_if<Links>(&value);
      if (!links) continue;
      Links renamed = *links;
      for (PortRef& source : renamed) source.node = names.at(source.node);
      draft.apply(SetInput{names.at(node->id), port, std::move(renamed)});
    }
  }
}

/// Links from nodes of the document, where there are such nodes and their types allow it.
void add_outside_links(Draft& draft, const Json& outside, const Names& names) {
  for (const auto& [from, name] : names) {
    const Json& ports = read_member(outside, from.c_str());
    if (!ports.is_object()) continue;
    for (const auto& [port, sources] : ports.items()) {
      for (const Json& source : sources.is_array() ? sources : Json::array()) {
        if (source.size() != 2 || !source[0].is_string() || !source[1].is_string()) continue;
        const Link link{{source[0].get<std::string>(), source[1].get<std::string>()}, {name, port}};
        if (!draft.graph().contains(link.source.node) || !check_link(draft.graph(), draft.types(), link).ok()) continue;
        const GraphNode& node = draft.graph().node(name);
        const auto found = node.inputs.find(port);
        Links links = found == node.inputs.end() ? Links{} : std::get<Links>(found->second);
        links.push_back(link.source);
        draft.apply(SetInput{name, port, std::move(links)});
      }
    }
  }
}

/// Adds `from`'s annotations to `all` under free ids; gives these.
Ids add_annotations(Annotations& all, const Annotations& from, const Names& names, Point shift) {
  Ids added;
  for (Frame frame : from.frames) {
    frame.area.at = frame.area.at + shift;
    frame.id = free_annotation_id(all, "frame");
    added.insert(all.frames.emplace_back(std::move(frame)).id);
  }
  for (Comment comment : from.comments) {
    comment.area.at = comment.area.at + shift;
    comment.id = free_annotation_id(all, "comment");
    added.insert(all.comments.emplace_back(std::move(comment)).id);
  }
  for (Reroute reroute : from.reroutes) {
    reroute.at = reroute.at + shift;
    reroute.source.node = names.at(reroute.source.node);
    reroute.target.node = names.at(reroute.target.node);
    reroute.id = free_annotation_id(all, "reroute");
    added.insert(all.reroutes.emplace_back(std::move(reroute)).id);
  }
  return added;
}

/// The definitions that instances among the nodes stand for, and those inside them.
Subgraphs definitions_of(const Graph& graph, const Subgraphs& all) {
  Subgraphs needed;
  std::vector<const Graph*> graphs{&graph};
  while (!graphs.empty()) {
    const std::vector<const GraphNode*> nodes = graphs.back()->nodes();
    graphs.pop_back();
    for (const GraphNode* node : nodes) {
      const auto name = subgraph_of_type(node->type);
      const auto found = name ? all.find(*name) : all.end();
      if (found != all.end() && needed.emplace(*found).second) graphs.push_back(&found->second.graph);
    }
  }
  return needed;
}

void retype(Graph& graph, const Names& renamed) {
  for (const GraphNode* node : graph.nodes()) {
    const auto name = subgraph_of_type(node->type);
    const auto found = name ? renamed.find(*name) : renamed.end();
    if (found != renamed.end()) graph.set_type(std::string(node->id), subgraph_type(found->second));
  }
}

/// Adds the definitions that the document has not. One that it has under the same name with another content
/// gets a new name, which the instances in `copied` follow.
void add_definitions(Draft& draft, Workflow& copied) {
  Names renamed;
  for (const auto& [name, subgraph] : copied.subgraphs) {
    const auto there = draft.workflow().subgraphs.find(name);
    std::string free = name;
    const auto taken = [&] { return draft.workflow().subgraphs.contains(free) || copied.subgraphs.contains(free); };
    if (there == draft.workflow().subgraphs.end() || there->second == subgraph) continue;
    for (int number = 2; taken(); ++number) free = fmt::format("{}_{}", name, number);
    renamed[name] = free;
  }
  retype(copied.graph, renamed);
  for (auto& [name, subgraph] : copied.subgraphs) retype(subgraph.graph, renamed);
  for (const std::string& name : innermost_first(copied.subgraphs)) {
    const auto found = renamed.find(name);
    const std::string& own = found == renamed.end() ? name : found->second;
    if (!draft.workflow().subgraphs.contains(own))
      draft.apply_to_workflow(SetSubgraph{own, copied.subgraphs.find(name)->second});
  }
}

Selection paste_workflow(Document& document, const Registry& registry, const std::string& step, Workflow copied,
    Point shift, OutsideLinks outside) {
  Draft draft(document, registry);
  add_definitions(draft, copied);
  const Names names = add_nodes(draft, copied, shift);
  add_links(draft, copied, names);
  if (outside == OutsideLinks::Keep) add_outside_links(draft, read_member(copied.extra, kOutside), names);

  Selection pasted;
  for (const auto& [from, name] : names) pasted.nodes.insert(name);
  Annotations all = annotations(document);
  pasted.annotations = add_annotations(all, annotations(copied), names, shift);
  if (!pasted.annotations.empty()) draft.apply(SetExtra{with_annotations(document.extra(), all)});
  document.apply_to_workflow(step, std::move(draft).edits());
  document.select(pasted);
  return pasted;
}

Workflow copied(const Document& document, const Selection& what) {
  Workflow copied;
  Json outside = Json::object();
  std::vector<GraphNode> nodes;
  for (const GraphNode* node : document.graph().nodes()) {
    if (!what.nodes.contains(node->id)) continue;
    GraphNode& copy = nodes.emplace_back(*node);
    if (Json links = take_outside_links(copy, what.nodes); !links.empty()) outside[node->id] = std::move(links);
  }
  copied.graph.add_all(std::move(nodes));
  copied.subgraphs = definitions_of(copied.graph, document.workflow().subgraphs);
  if (!outside.empty()) copied.extra[kOutside] = std::move(outside);
  copied.extra = with_annotations(std::move(copied.extra), selected_annotations(document, what));
  return copied;
}

}  // namespace

std::string copy(const Document& document, const Selection& what) {
  return what.empty() ? std::string() : to_text(copied(document, what));
}

std::string cut(Document& document, const Registry& registry, const Selection& what) {
  std::string text = copy(document, what);
  remove(document, registry, what);
  return text;
}

Selection paste(Document& document, const Registry& registry, const std::string& text, Point at, OutsideLinks outside) {
  Workflow workflow = parse_workflow(text, tr("the clipboard"));
  upgrade(workflow, registry);
  const Point shift = at - area_of(workflow, registry).at;
  return paste_workflow(document, registry, tr("Paste"), std::move(workflow), shift, outside);
}

Size size_of_copied(const std::string& text, const Registry& registry) {
  Workflow workflow = parse_workflow(text, tr("the clipboard"));
  upgrade(workflow, registry);
  return area_of(workflow, registry).size;
}

bool can_paste(const std::string& text) {
  if (text.find("\"weft\"") == std::string::npos) return false;
  try {
    parse_workflow(text, tr("the clipboard"));
    return true;
  } catch (const GraphError&) {
    return false;
  }
}

Selection duplicate(Document& document, const Registry& registry, const Selection& what, Point offset) {
  if (what.empty()) return {};
  return paste_workflow(document, registry, tr("Duplicate"), copied(document, what), offset, OutsideLinks::Keep);
}

}  // namespace weft::editor
