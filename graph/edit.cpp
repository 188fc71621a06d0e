#include "graph/edit.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/spelling.h"
#include "graph/graph_impl.h"

namespace weft {
namespace {

template <class... Functions>
struct Cases : Functions... {
  using Functions::operator()...;
};

Edit input_as_it_is(const GraphNode& node, const std::string& port) {
  const auto found = node.inputs.find(port);
  if (found == node.inputs.end()) return ClearInput{node.id, port};
  return SetInput{node.id, port, found->second};
}

/// The id of the node that was added next; empty after the last.
std::string next_in_order(const Graph& graph, std::string_view id) {
  const Graph::Impl& impl = GraphAccess::impl(graph);
  const Vertex next = impl[impl.at(id)].next;
  return next == kNoVertex ? std::string{} : impl[next].node->id;
}

void forget_node(std::map<std::string, PortRef>& refs, const std::string& node) {
  std::erase_if(refs, [&](const auto& entry) { return entry.second.node == node; });
}

void rename_node(std::map<std::string, PortRef>& refs, const std::string& from, const std::string& to) {
  for (auto& [name, ref] : refs)
    if (ref.node == from) ref.node = to;
}

void forget_node(SubgraphInterface& interface, const std::string& node) {
  for (SubgraphInput& input : interface.inputs)
    std::erase_if(input.targets, [&](const PortRef& target) { return target.node == node; });
  std::erase_if(interface.inputs, [](const SubgraphInput& input) { return input.targets.empty(); });
  std::erase_if(interface.outputs, [&](const SubgraphOutput& output) { return output.source.node == node; });
}

void rename_node(SubgraphInterface& interface, const std::string& from, const std::string& to) {
  const auto rename = [&](PortRef& ref) {
    if (ref.node == from) ref.node = to;
  };
  for (SubgraphInput& input : interface.inputs) std::ranges::for_each(input.targets, rename);
  for (SubgraphOutput& output : interface.outputs) rename(output.source);
}

void check_interface_refs(const std::map<std::string, PortRef>& refs) {
  for (const auto& [name, ref] : refs) {
    if (name.empty()) throw GraphError(Problem{.what = "the interface has an empty name", .remedy = "name it"});
    if (ref.node.empty() || ref.port.find('.') != std::string::npos)
      throw GraphError(Problem{.node = ref.node,
          .port = ref.port,
          .what = "the interface name '" + name + "' leads nowhere",
          .remedy = "lead it to \"node.port\""});
  }
}

void check_extra(const nlohmann::json& extra) {
  for (const char* key : {"weft", "nodes", "interface", "subgraphs"})
    if (extra.contains(key))
      throw GraphError(
          Problem{.what = fmt::format("'{}' stands among the unknown keys", key), .remedy = "set it in its own place"});
  if (!extra.is_object()) throw GraphError(Problem{.what = "the unknown keys are no JSON object", .remedy = "use {}"});
}

/// What an edit does inside a definition. It needs no inverse: the definition as it was is one.
void change(Subgraph& subgraph, const Edit& edit) {
  Graph& graph = subgraph.graph;
  const Cases cases{
      [&](const AddNode& e) { graph.add(e.node, e.before); },
      [&](const RemoveNode& e) {
        graph.remove(e.node);
        forget_node(subgraph.interface, e.node);
      },
      [&](const RenameNode& e) {
        graph.rename(e.from, e.to);
        rename_node(subgraph.interface, e.from, e.to);
      },
      [&](const SetInput& e) { graph.set_input(e.node, e.port, e.value); },
      [&](const ClearInput& e) { graph.clear_input(e.node, e.port); },
      [&](const SetTitle& e) { graph.set_title(e.node, e.title); },
      [&](const SetUi& e) { graph.set_ui(e.node, e.ui); },
      [&](const SetState& e) { graph.set_state(e.node, e.state); },
      [&](const SetType& e) { graph.set_type(e.node, e.type); },
      [&](const SetExtra& e) { subgraph.extra = e.extra; },
      [&](const EditGroup& e) {
        for (const Edit& inner : e.edits) change(subgraph, inner);
      },
      [](const auto&) {
        throw GraphError(Problem{
            .what = "the edit is none of nodes inside a subgraph", .remedy = "apply it to the workflow itself"});
      },
  };
  std::visit(cases, edit);
}

/// Puts a definition in its place, or takes it away; gives what was there.
std::optional<Subgraph> put_subgraph(Subgraphs& subgraphs, const std::string& name, std::optional<Subgraph> subgraph) {
  Subgraphs changed = subgraphs;
  std::optional<Subgraph> before;
  if (const auto found = changed.find(name); found != changed.end()) {
    before = std::move(found->second);
    changed.erase(found);
  }
  if (subgraph) {
    check_definition(name, *subgraph);
    changed.emplace(name, *std::move(subgraph));
    innermost_first(changed);
  }
  subgraphs = std::move(changed);
  return before;
}

Edit apply_in_subgraph(Workflow& workflow, const EditSubgraph& edit) {
  const auto found = workflow.subgraphs.find(edit.name);
  if (found == workflow.subgraphs.end()) {
    std::vector<std::string> names;
    for (const auto& [name, subgraph] : workflow.subgraphs) names.push_back(name);
    throw GraphError(Problem{
        .node = subgraph_type(edit.name), .what = "there is no such subgraph", .remedy = suggestion(edit.name, names)});
  }
  Subgraph changed = found->second;
  for (const Edit& inner : edit.edits) change(changed, inner);
  return SetSubgraph{edit.name, put_subgraph(workflow.subgraphs, edit.name, std::move(changed))};
}

Edit apply_group(Workflow& workflow, const EditGroup& group) {
  EditGroup inverse;
  try {
    for (const Edit& edit : group.edits) inverse.edits.push_back(apply(workflow, edit));
  } catch (...) {
    std::ranges::reverse(inverse.edits);
    for (const Edit& edit : inverse.edits) apply(workflow, edit);
    throw;
  }
  std::ranges::reverse(inverse.edits);
  return inverse;
}

}  // namespace

Edit apply(Workflow& workflow, const Edit& edit) {
  Graph& graph = workflow.graph;
  const Cases cases{
      // The interface may have led to a node of this name before there was one: so these three restore it as
      // it was.
      [&](const AddNode& e) -> Edit {
        graph.add(e.node, e.before);
        return EditGroup{{RemoveNode{e.node.id}, SetInterface{workflow.interface}}};
      },
      [&](const RemoveNode& e) -> Edit {
        EditGroup inverse{{AddNode{graph.node(e.node), next_in_order(graph, e.node)}}};
        for (const auto& [source, target] : graph.links_from(e.node))
          inverse.edits.push_back(input_as_it_is(graph.node(target.node), target.port));
        inverse.edits.push_back(SetInterface{workflow.interface});
        graph.remove(e.node);
        forget_node(workflow.interface.inputs, e.node);
        forget_node(workflow.interface.outputs, e.node);
        return inverse;
      },
      [&](const RenameNode& e) -> Edit {
        graph.rename(e.from, e.to);
        EditGroup inverse{{RenameNode{e.to, e.from}, SetInterface{workflow.interface}}};
        rename_node(workflow.interface.inputs, e.from, e.to);
        rename_node(workflow.interface.outputs, e.from, e.to);
        return inverse;
      },
      [&](const SetInput& e) -> Edit {
        Edit inverse = input_as_it_is(graph.node(e.node), e.port);
        graph.set_input(e.node, e.port, e.value);
        return inverse;
      },
      [&](const ClearInput& e) -> Edit {
        Edit inverse = input_as_it_is(graph.node(e.node), e.port);
        graph.clear_input(e.node, e.port);
        return inverse;
      },
      [&](const SetTitle& e) -> Edit {
        SetTitle inverse{e.node, graph.node(e.node).title};
        graph.set_title(e.node, e.title);
        return inverse;
      },
      [&](const SetUi& e) -> Edit {
        SetUi inverse{e.node, graph.node(e.node).ui};
        graph.set_ui(e.node, e.ui);
        return inverse;
      },
      [&](const SetInterface& e) -> Edit {
        check_interface_refs(e.interface.inputs);
        check_interface_refs(e.interface.outputs);
        return SetInterface{std::exchange(workflow.interface, e.interface)};
      },
      [&](const EditGroup& e) -> Edit { return apply_group(workflow, e); },
      [&](const SetState& e) -> Edit {
        SetState inverse{e.node, graph.node(e.node).state};
        graph.set_state(e.node, e.state);
        return inverse;
      },
      [&](const SetType& e) -> Edit {
        SetType inverse{e.node, graph.node(e.node).type};
        graph.set_type(e.node, e.type);
        return inverse;
      },
      [&](const SetExtra& e) -> Edit {
        check_extra(e.extra);
        return SetExtra{std::exchange(workflow.extra, e.extra)};
      },
      [&](const SetSubgraph& e) -> Edit {
        return SetSubgraph{e.name, put_subgraph(workflow.subgraphs, e.name, e.subgraph)};
      },
      [&](const EditSubgraph& e) -> Edit { return apply_in_subgraph(workflow, e); },
      [&](const SetWorkflow& e) -> Edit {
        innermost_first(e.workflow.subgraphs);
        return SetWorkflow{std::exchange(workflow, e.workflow)};
      },
  };
  return std::visit(cases, edit);
}

}  // namespace weft
