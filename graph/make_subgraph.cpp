// Nodes become a definition, and an instance takes their place.
#include <algorithm>
#include <set>

#include "graph/subgraph_edits.h"
#include "graph/subgraph_scope.h"

namespace weft {
namespace {

class Packer {
 public:
  Packer(Subgraph& body, const std::vector<std::string>& nodes, const std::string& name, const std::string& instance)
      : body_(body), members_(nodes.begin(), nodes.end()), instance_{.id = instance, .type = subgraph_type(name)} {}

  Subgraph pack() {
    if (members_.empty())
      throw GraphError(Problem{.what = "no node is selected", .remedy = "select what the subgraph shall hold"});
    for (const std::string& id : members_) body_.graph.node(id);
    refuse_nodes_between();
    std::vector<GraphNode> inner;
    for (const GraphNode* node : body_.graph.nodes())
      if (is_member(node->id)) inner.push_back(without_outside(*node));
    if (const auto at = centre(inner)) instance_.ui = {{"x", at->x}, {"y", at->y}};
    lead_names_to_instance();
    replace_in_body();
    packed_.graph.add_all(std::move(inner));
    return std::move(packed_);
  }

 private:
  bool is_member(const std::string& id) const { return members_.contains(id); }

  void refuse_nodes_between() const {
    std::set<std::string> before, after;
    for (const std::string& id : members_) {
      for (std::string& ancestor : body_.graph.ancestors(id)) before.insert(std::move(ancestor));
      for (std::string& descendant : body_.graph.descendants(id)) after.insert(std::move(descendant));
    }
    std::vector<Problem> problems;
    for (const std::string& id : after)
      if (before.contains(id) && !is_member(id))
        problems.push_back({.node = id,
            .what = "the node stands between those that the subgraph shall hold: it would feed the "
                    "subgraph, and be fed by it",
            .remedy = "select it as well"});
    if (!problems.empty()) throw GraphError(std::move(problems));
  }

  /// The node as it stands inside: what came from outside comes through ports.
  GraphNode without_outside(GraphNode node) {
    for (auto it = node.inputs.begin(); it != node.inputs.end();) {
      Links* links = std::get_if<Links>(&it->second);
      const bool cut = links && cut_links(*links, {node.id, it->first});
      it = cut && links->empty() ? node.inputs.erase(it) : std::next(it);
    }
    return node;
  }

  /// False if none of them comes from outside.
  bool cut_links(Links& links, const PortRef& target) {
    const auto inside = [&](const PortRef& source) { return is_member(source.node); };
    const auto first_outside = std::ranges::find_if_not(links, inside);
    if (first_outside == links.end()) return false;
    if (links.size() == 1) {
      link_through_port(links.front(), target);
    } else {
      if (std::any_of(first_outside, links.end(), inside))
        throw GraphError(Problem{target.node, target.port,
            "a link from outside stands before one from inside in this list, a subgraph's ports "
            "come behind",
            "select the outer node as well, or change the order"});
      instance_.inputs.emplace(add_input(packed_.interface, target), Links(first_outside, links.end()));
    }
    links.erase(first_outside, links.end());
    return true;
  }

  void link_through_port(const PortRef& source, const PortRef& target) {
    if (const auto known = port_of_source_.find(source); known != port_of_source_.end()) {
      std::ranges::find(packed_.interface.inputs, known->second, &SubgraphInput::name)->targets.push_back(target);
      return;
    }
    const std::string name = add_input(packed_.interface, target);
    port_of_source_.emplace(source, name);
    instance_.inputs.emplace(name, Links{source});
  }

  /// What the scope has names for becomes a port of that name; in the order of the nodes, as names of a workflow have none.
  void lead_names_to_instance() {
    for (const GraphNode* node : body_.graph.nodes())
      if (is_member(node->id)) lead_names_to_instance(node->id);
  }

  void lead_names_to_instance(const std::string& node) {
    for (SubgraphInput& input : body_.interface.inputs)
      for (PortRef& target : input.targets)
        if (target.node == node) target = {instance_.id, port_at(target, input.name)};
    for (SubgraphOutput& output : body_.interface.outputs)
      if (output.source.node == node)
        output.source = {instance_.id, output.source.port.empty() ? "" : port_from(output.source, output.name)};
  }

  std::string port_at(const PortRef& target, const std::string& wanted) {
    for (const SubgraphInput& input : packed_.interface.inputs)
      if (input.targets == std::vector{target}) return input.name;
    return add_input(packed_.interface, target, wanted);
  }

  std::string port_from(const PortRef& source, const std::string& wanted = {}) {
    const auto known = std::ranges::find(packed_.interface.outputs, source, &SubgraphOutput::source);
    return known == packed_.interface.outputs.end() ? add_output(packed_.interface, source, wanted) : known->name;
  }

  /// The instance comes where the last of the nodes was; who read them reads it.
  void replace_in_body() {
    std::vector<GraphNode> outer;
    std::size_t place = 0;
    for (const GraphNode* node : body_.graph.nodes()) {
      if (is_member(node->id)) {
        place = outer.size();
        continue;
      }
      GraphNode& reader = outer.emplace_back(*node);
      for (auto& [port, value] : reader.inputs)
        if (Links* links = std::get_if<Links>(&value))
          for (PortRef& source : *links)
            if (is_member(source.node)) source = {instance_.id, port_from(source)};
    }
    outer.insert(outer.begin() + static_cast<std::ptrdiff_t>(place), std::move(instance_));
    body_.graph = {};
    body_.graph.add_all(std::move(outer));
  }

  Subgraph& body_;
  const std::set<std::string> members_;
  GraphNode instance_;
  Subgraph packed_;
  std::map<PortRef, std::string> port_of_source_;
};

}  // namespace

Edit make_subgraph(const Workflow& workflow, const std::string& scope, const std::vector<std::string>& nodes,
    const std::string& name, const std::string& instance) {
  if (workflow.subgraphs.contains(name))
    throw GraphError(Problem{
        .node = subgraph_type(name), .what = "another subgraph has this name", .remedy = "choose another name"});
  Workflow changed = workflow;
  Subgraph body = body_of(workflow, scope);
  Subgraph packed = Packer(body, nodes, name, instance).pack();
  check_definition(name, packed);
  put_body(changed, scope, std::move(body));
  changed.subgraphs.emplace(name, std::move(packed));
  return SetWorkflow{std::move(changed)};
}

}  // namespace weft
