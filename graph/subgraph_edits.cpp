#include "graph/subgraph_edits.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "graph/node_types.h"
#include "graph/spelling.h"

namespace weft {
namespace {

// ---- Scopes ----

const Subgraph& definition(const Workflow& workflow, const std::string& name) {
  if (const auto found = workflow.subgraphs.find(name); found != workflow.subgraphs.end())
    return found->second;
  std::vector<std::string> names;
  for (const auto& [known, subgraph] : workflow.subgraphs) names.push_back(known);
  throw GraphError(Problem{
      .node = subgraph_type(name), .what = "there is no such subgraph", .remedy = suggestion(name, names)});
}

/// The graph that a scope means with the names that lead into it; the workflow's own in the form of a
/// definition.
Subgraph body_of(const Workflow& workflow, const std::string& scope) {
  if (!scope.empty()) return definition(workflow, scope);
  Subgraph body{.graph = workflow.graph};
  for (const auto& [name, target] : workflow.interface.inputs)
    body.interface.inputs.push_back({name, {target}});
  for (const auto& [name, source] : workflow.interface.outputs)
    body.interface.outputs.push_back({name, source});
  return body;
}

void put_body(Workflow& workflow, const std::string& scope, Subgraph body) {
  if (!scope.empty()) {
    workflow.subgraphs.insert_or_assign(scope, std::move(body));
    return;
  }
  workflow.graph = std::move(body.graph);
  workflow.interface.inputs.clear();
  workflow.interface.outputs.clear();
  for (SubgraphInput& input : body.interface.inputs) {
    if (input.targets.size() > 1)
      throw GraphError(Problem{.what = fmt::format("the interface's input '{}' would lead to {} ports",
                                                   input.name, input.targets.size()),
                               .remedy = "remove it from the workflow's interface first"});
    workflow.interface.inputs.emplace(input.name, std::move(input.targets.front()));
  }
  for (SubgraphOutput& output : body.interface.outputs)
    workflow.interface.outputs.emplace(output.name, std::move(output.source));
}

/// Calls `change` with the body of every scope, the workflow's own first.
template <class Change>
void change_all_scopes(Workflow& workflow, const Change& change) {
  std::vector<std::string> scopes{""};
  for (const auto& [name, subgraph] : workflow.subgraphs) scopes.push_back(name);
  for (const std::string& scope : scopes) {
    Subgraph body = body_of(workflow, scope);
    change(body);
    put_body(workflow, scope, std::move(body));
  }
}

std::vector<std::string> instances_of(const Graph& graph, const std::string& type) {
  std::vector<std::string> ids;
  for (const GraphNode* node : graph.nodes())
    if (node->type == type) ids.push_back(node->id);
  return ids;
}

// ---- Names ----

/// `wanted`, or with the first number behind it that makes it free.
template <class IsTaken>
std::string free_name(const std::string& wanted, const IsTaken& is_taken) {
  std::string name = wanted;
  for (int number = 2; is_taken(name); ++number) name = fmt::format("{}_{}", wanted, number);
  return name;
}

std::string as_port_name(std::string name) {
  std::ranges::replace_if(
      name, [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '.'; }, '_');
  return name;
}

std::string add_input(SubgraphInterface& interface, const PortRef& target) {
  std::string name =
      free_name(as_port_name(target.port), [&](const auto& n) { return interface.find_input(n); });
  interface.inputs.push_back({name, {target}});
  return name;
}

std::string add_output(SubgraphInterface& interface, const PortRef& source) {
  std::string name =
      free_name(as_port_name(source.port), [&](const auto& n) { return interface.find_output(n); });
  interface.outputs.push_back({name, source});
  return name;
}

// ---- Positions ----

struct Point {
  double x = 0, y = 0;
};

std::optional<Point> position(const GraphNode& node) {
  const auto x = node.ui.find("x"), y = node.ui.find("y");
  if (x == node.ui.end() || y == node.ui.end() || !x->is_number() || !y->is_number()) return std::nullopt;
  return Point{x->get<double>(), y->get<double>()};
}

std::optional<Point> centre(const std::vector<GraphNode>& nodes) {
  Point sum;
  int count = 0;
  for (const GraphNode& node : nodes) {
    if (const auto at = position(node)) {
      sum = {sum.x + at->x, sum.y + at->y};
      ++count;
    }
  }
  if (count == 0) return std::nullopt;
  return Point{sum.x / count, sum.y / count};
}

// ---- Making one ----

class Packer {
 public:
  Packer(Subgraph& body, const std::vector<std::string>& nodes, const std::string& name,
         const std::string& instance)
      : body_(body),
        members_(nodes.begin(), nodes.end()),
        instance_{.id = instance, .type = subgraph_type(name)} {}

  Subgraph pack() {
    if (members_.empty())
      throw GraphError(
          Problem{.what = "no node is selected", .remedy = "select what the subgraph shall hold"});
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
        problems.push_back(
            {.node = id,
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
        throw GraphError(
            Problem{target.node, target.port,
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
      std::ranges::find(packed_.interface.inputs, known->second, &SubgraphInput::name)
          ->targets.push_back(target);
      return;
    }
    const std::string name = add_input(packed_.interface, target);
    port_of_source_.emplace(source, name);
    instance_.inputs.emplace(name, Links{source});
  }

  void lead_names_to_instance() {
    for (SubgraphInput& input : body_.interface.inputs)
      for (PortRef& target : input.targets)
        if (is_member(target.node)) target = {instance_.id, port_at(target)};
    for (SubgraphOutput& output : body_.interface.outputs)
      if (is_member(output.source.node))
        output.source = {instance_.id, output.source.port.empty() ? "" : port_from(output.source)};
  }

  std::string port_at(const PortRef& target) {
    for (const SubgraphInput& input : packed_.interface.inputs)
      if (input.targets == std::vector{target}) return input.name;
    return add_input(packed_.interface, target);
  }

  std::string port_from(const PortRef& source) {
    const auto known = std::ranges::find(packed_.interface.outputs, source, &SubgraphOutput::source);
    return known == packed_.interface.outputs.end() ? add_output(packed_.interface, source) : known->name;
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

// ---- Taking one apart ----

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
    const bool behind = declared && declared->many && there != node.inputs.end() &&
                        std::holds_alternative<Links>(there->second);
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
      if (!at || (from->x == to->x && from->y == to->y)) continue;
      node.ui["x"] = at->x + to->x - from->x;
      node.ui["y"] = at->y + to->y - from->y;
    }
  }

  void rename(GraphNode& node) {
    const std::string id = std::exchange(node.id, ids_.at(node.id));
    for (auto& [port, value] : node.inputs)
      if (Links* links = std::get_if<Links>(&value))
        for (PortRef& source : *links) source = outside(source);
    for (auto it = from_outside_.lower_bound({id, ""}); it != from_outside_.end() && it->first.node == id;
         ++it) {
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
      for (const SubgraphOutput& port : packed_.interface.outputs)
        nodes.push_back(outside({port.source.node, ""}));
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

/// Changes a definition's interface; instances follow by `follow(body, instance)`.
template <class Change, class Follow>
Edit change_ports(const Workflow& workflow, const std::string& subgraph, const Change& change,
                  const Follow& follow) {
  Workflow changed = workflow;
  Subgraph copy = definition(workflow, subgraph);
  change(copy.interface);
  check_definition(subgraph, copy);
  changed.subgraphs.insert_or_assign(subgraph, std::move(copy));
  change_all_scopes(changed, [&](Subgraph& body) {
    for (const std::string& instance : instances_of(body.graph, subgraph_type(subgraph)))
      follow(body, instance);
  });
  return SetWorkflow{std::move(changed)};
}

template <class Ports>
auto port_at(Ports& ports, const std::string& subgraph, const std::string& name) {
  const auto found = std::ranges::find(ports, name, [](const auto& port) { return port.name; });
  if (found == ports.end()) {
    std::vector<std::string> names;
    for (const auto& port : ports) names.push_back(port.name);
    throw GraphError(
        Problem{subgraph_type(subgraph), name, "the subgraph has no such port", suggestion(name, names)});
  }
  return found;
}

/// Gives readers of an output of `instance` what `replacement` says; nothing: they lose the link.
void change_links_to(Graph& graph, const PortRef& output, const std::optional<PortRef>& replacement) {
  for (const auto& [source, target] : graph.links_from(output.node)) {
    Links links = std::get<Links>(graph.node(target.node).inputs.find(target.port)->second);
    if (replacement)
      std::ranges::replace(links, output, *replacement);
    else
      std::erase(links, output);
    if (links.empty())
      graph.clear_input(target.node, target.port);
    else
      graph.set_input(target.node, target.port, std::move(links));
  }
}

}  // namespace

Edit make_subgraph(const Workflow& workflow, const std::string& scope, const std::vector<std::string>& nodes,
                   const std::string& name, const std::string& instance) {
  if (workflow.subgraphs.contains(name))
    throw GraphError(Problem{.node = subgraph_type(name),
                             .what = "another subgraph has this name",
                             .remedy = "choose another name"});
  Workflow changed = workflow;
  Subgraph body = body_of(workflow, scope);
  Subgraph packed = Packer(body, nodes, name, instance).pack();
  check_definition(name, packed);
  put_body(changed, scope, std::move(body));
  changed.subgraphs.emplace(name, std::move(packed));
  return SetWorkflow{std::move(changed)};
}

Edit unpack_subgraph(const Workflow& workflow, const Registry& registry, const std::string& scope,
                     const std::string& instance) {
  Subgraph body = body_of(workflow, scope);
  const GraphNode& node = body.graph.node(instance);
  const auto name = subgraph_of_type(node.type);
  if (!name)
    throw GraphError(Problem{
        .node = instance, .what = "the node is no instance of a subgraph", .remedy = "choose one that is"});
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

Edit rename_subgraph(const Workflow& workflow, const std::string& from, const std::string& to) {
  Subgraph subgraph = definition(workflow, from);
  check_definition(to, subgraph);
  if (from != to && workflow.subgraphs.contains(to))
    throw GraphError(Problem{.node = subgraph_type(to),
                             .what = "another subgraph has this name",
                             .remedy = "choose another name"});
  Workflow changed = workflow;
  changed.subgraphs.erase(from);
  changed.subgraphs.emplace(to, std::move(subgraph));
  change_all_scopes(changed, [&](Subgraph& body) {
    for (const std::string& instance : instances_of(body.graph, subgraph_type(from)))
      body.graph.set_type(instance, subgraph_type(to));
  });
  return SetWorkflow{std::move(changed)};
}

Edit promote_input(const Workflow& workflow, const std::string& subgraph, const PortRef& target,
                   std::string port) {
  Subgraph changed = definition(workflow, subgraph);
  changed.graph.node(target.node);  // throws if there is none
  for (const SubgraphInput& input : changed.interface.inputs)
    if (std::ranges::count(input.targets, target) > 0)
      throw GraphError(Problem{address_in_subgraph(subgraph, target.node), target.port,
                               fmt::format("this is the subgraph's input '{}' already", input.name),
                               "rename that one"});
  if (port.empty())
    add_input(changed.interface, target);
  else
    changed.interface.inputs.push_back({std::move(port), {target}});
  return SetSubgraph{subgraph, std::move(changed)};
}

Edit promote_output(const Workflow& workflow, const std::string& subgraph, const PortRef& source,
                    std::string port) {
  Subgraph changed = definition(workflow, subgraph);
  changed.graph.node(source.node);  // throws if there is none
  if (port.empty())
    add_output(changed.interface, source);
  else
    changed.interface.outputs.push_back({std::move(port), source});
  return SetSubgraph{subgraph, std::move(changed)};
}

Edit remove_subgraph_input(const Workflow& workflow, const std::string& subgraph, const std::string& port) {
  const auto change = [&](SubgraphInterface& interface) {
    interface.inputs.erase(port_at(interface.inputs, subgraph, port));
  };
  return change_ports(workflow, subgraph, change, [&](Subgraph& body, const std::string& instance) {
    body.graph.clear_input(instance, port);
    for (SubgraphInput& input : body.interface.inputs) std::erase(input.targets, PortRef{instance, port});
    std::erase_if(body.interface.inputs, [](const SubgraphInput& input) { return input.targets.empty(); });
  });
}

Edit remove_subgraph_output(const Workflow& workflow, const std::string& subgraph, const std::string& port) {
  const auto change = [&](SubgraphInterface& interface) {
    interface.outputs.erase(port_at(interface.outputs, subgraph, port));
  };
  return change_ports(workflow, subgraph, change, [&](Subgraph& body, const std::string& instance) {
    const PortRef gone{instance, port};
    change_links_to(body.graph, gone, std::nullopt);
    std::erase_if(body.interface.outputs,
                  [&](const SubgraphOutput& output) { return output.source == gone; });
  });
}

Edit rename_subgraph_input(const Workflow& workflow, const std::string& subgraph, const std::string& from,
                           const std::string& to) {
  const auto change = [&](SubgraphInterface& interface) {
    port_at(interface.inputs, subgraph, from)->name = to;
  };
  return change_ports(workflow, subgraph, change, [&](Subgraph& body, const std::string& instance) {
    const auto& inputs = body.graph.node(instance).inputs;
    if (const auto found = inputs.find(from); found != inputs.end() && from != to) {
      InputValue value = found->second;
      body.graph.clear_input(instance, from);
      body.graph.set_input(instance, to, std::move(value));
    }
    for (SubgraphInput& input : body.interface.inputs)
      std::ranges::replace(input.targets, PortRef{instance, from}, PortRef{instance, to});
  });
}

Edit rename_subgraph_output(const Workflow& workflow, const std::string& subgraph, const std::string& from,
                            const std::string& to) {
  const auto change = [&](SubgraphInterface& interface) {
    port_at(interface.outputs, subgraph, from)->name = to;
  };
  return change_ports(workflow, subgraph, change, [&](Subgraph& body, const std::string& instance) {
    change_links_to(body.graph, {instance, from}, PortRef{instance, to});
    for (SubgraphOutput& output : body.interface.outputs)
      if (output.source == PortRef{instance, from}) output.source.port = to;
  });
}

}  // namespace weft
