// The nodes of a definition take the place of an instance.
#include <algorithm>
#include <set>

#include "graph/node_types.h"
#include "graph/subgraph_edits.h"
#include "graph/subgraph_scope.h"

namespace weft {
namespace {

class Unpacker {
 public:
  Unpacker(Subgraph& body, const Subgraph& packed, const NodeTypes& types, GraphNode instance)
      : body_(body), packed_(packed), types_(types), instance_(std::move(instance)) {}

  void unpack() {
    for (const GraphNode* node : packed_.graph.nodes()) choose_id(node->id);
    std::vector<GraphNode> inner;
    for (const GraphNode* node : packed_.graph.nodes()) inner.push_back(given(*node));
    move_to_instance(inner);
    for (GraphNode& node : inner) rename(node);
    lead_names_inside();
    replace_in_body(std::move(inner));
  }

 private:
  void choose_id(const std::string& id) {
    const std::string free = free_name(id, [&](const std::string& name) {
      return taken_.contains(name) || (name != instance_.id && body_.graph.contains(name));
    });
    taken_.insert(free);
    ids_.emplace(id, free);
  }

  PortRef outside(const PortRef& inner) const {
    const auto found = ids_.find(inner.node);
    return {found == ids_.end() ? inner.node : found->second, inner.port};
  }

  /// The node with what the instance gives it; links from outside are kept apart until the inner ones have
  /// their ids.
  GraphNode given(GraphNode node) {
    for (const SubgraphInput& port : packed_.interface.inputs) {
      const auto value = instance_.inputs.find(port.name);
      if (value == instance_.inputs.end()) continue;
      for (const PortRef& target : port.targets)
        if (target.node == node.id) give(node, target.port, value->second);
    }
    return node;
  }

  void give(GraphNode& node, const std::string& port, const InputValue& value) {
    if (const Literal* literal = std::get_if<Literal>(&value)) {
      if (!literal->is_null()) node.inputs.insert_or_assign(port, *literal);
      return;
    }
    const NodeInfo* info = types_.find(node.type);
    const PortInfo* declared = info ? info->find_input(port) : nullptr;
    const auto there = node.inputs.find(port);
    const bool behind =
        declared && declared->many && there != node.inputs.end() && std::holds_alternative<Links>(there->second);
    if (!behind) node.inputs.erase(port);
    Links& more = from_outside_[{node.id, port}];
    const Links& links = std::get<Links>(value);
    more.insert(more.end(), links.begin(), links.end());
  }

  void move_to_instance(std::vector<GraphNode>& inner) const {
    const auto from = centre(inner), to = position(instance_);
    if (!from || !to) return;
    for (GraphNode& node : inner) {
      const auto at = position(node);
      if (!at || *from == *to) continue;
      node.ui["x"] = at->x + to->x - from->x;
      node.ui["y"] = at->y + to->y - from->y;
    }
  }

  void rename(GraphNode& node) {
    const std::string id = std::exchange(node.id, ids_.at(node.id));
    for (auto& [port, value] : node.inputs)
      if (Links* links = std::get_if<Links>(&value))
        for (PortRef& source : *links) source = outside(source);
    for (auto it = from_outside_.lower_bound({id, ""}); it != from_outside_.end() && it->first.node == id; ++it) {
      InputValue& value = node.inputs.try_emplace(it->first.port, Links{}).first->second;
      Links& links = std::get<Links>(value);
      links.insert(links.end(), it->second.begin(), it->second.end());
    }
  }

  void lead_names_inside() {
    for (SubgraphInput& input : body_.interface.inputs) {
      std::vector<PortRef> targets;
      for (const PortRef& target : input.targets) {
        if (target.node != instance_.id) {
          targets.push_back(target);
        } else if (const SubgraphInput* port = packed_.interface.find_input(target.port)) {
          for (const PortRef& inner : port->targets) targets.push_back(outside(inner));
        }
      }
      input.targets = std::move(targets);
    }
    std::erase_if(body_.interface.inputs, [](const SubgraphInput& input) { return input.targets.empty(); });

    std::vector<SubgraphOutput> outputs;
    for (const SubgraphOutput& output : std::exchange(body_.interface.outputs, {})) {
      for (const PortRef& source : sources_of(output.source)) {
        const std::string name = free_name(output.name, [&](const std::string& n) {
          return std::ranges::find(outputs, n, &SubgraphOutput::name) != outputs.end();
        });
        outputs.push_back({name, source});
      }
    }
    body_.interface.outputs = std::move(outputs);
  }

  /// What a name that leads to `output` leads to now.
  std::vector<PortRef> sources_of(const PortRef& output) const {
    if (output.node != instance_.id) return {output};
    if (!output.port.empty()) {
      const SubgraphOutput* port = packed_.interface.find_output(output.port);
      return port ? std::vector{outside(port->source)} : std::vector<PortRef>{};
    }
    std::vector<PortRef> nodes;
    for (const GraphNode* node : packed_.graph.nodes())
      if (const NodeInfo* info = types_.find(node->type); info && info->options.result)
        nodes.push_back(outside({node->id, ""}));
    if (nodes.empty())
      for (const SubgraphOutput& port : packed_.interface.outputs) nodes.push_back(outside({port.source.node, ""}));
    return nodes;
  }

  void replace_in_body(std::vector<GraphNode> inner) {
    std::vector<GraphNode> nodes;
    for (const GraphNode* node : body_.graph.nodes()) {
      if (node->id == instance_.id)
        std::ranges::move(inner, std::back_inserter(nodes));
      else
        nodes.push_back(reading_inside(*node));
    }
    body_.graph = {};
    body_.graph.add_all(std::move(nodes));
  }

  GraphNode reading_inside(GraphNode node) const {
    for (auto it = node.inputs.begin(); it != node.inputs.end();) {
      Links* links = std::get_if<Links>(&it->second);
      const bool reads = links && std::ranges::count(*links, instance_.id, &PortRef::node) > 0;
      if (reads) *links = followed(*links);
      it = reads && links->empty() ? node.inputs.erase(it) : std::next(it);
    }
    return node;
  }

  Links followed(const Links& links) const {
    Links sources;
    for (const PortRef& link : links)
      for (PortRef& source : sources_of(link)) sources.push_back(std::move(source));
    return sources;
  }

  Subgraph& body_;
  const Subgraph& packed_;
  const NodeTypes& types_;
  const GraphNode instance_;
  std::set<std::string> taken_;
  std::map<std::string, std::string> ids_;  // of the definition's nodes in the body
  std::map<PortRef, Links> from_outside_;
};

}  // namespace

Edit unpack_subgraph(
    const Workflow& workflow, const Registry& registry, const std::string& scope, const std::string& instance) {
  Subgraph body = body_of(workflow, scope);
  const GraphNode& node = body.graph.node(instance);
  const auto name = subgraph_of_type(node.type);
  if (!name)
    throw GraphError(
        Problem{.node = instance, .what = "the node is no instance of a subgraph", .remedy = "choose one that is"});
  if (node.state != NodeState::Active)
    throw GraphError(Problem{.node = instance,
        .what = "the instance is muted or bypassed, its nodes would not be",
        .remedy = "activate it first"});
  const NodeTypes types(workflow.subgraphs, registry);
  Unpacker(body, definition(workflow, std::string(*name)), types, node).unpack();
  Workflow changed = workflow;
  put_body(changed, scope, std::move(body));
  return SetWorkflow{std::move(changed)};
}

}  // namespace weft
