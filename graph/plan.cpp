#include "graph/plan.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "graph/graph_impl.h"
#include "graph/validate.h"

namespace weft {

/// Builds a plan in four passes: which nodes, their types, their ports and links, who reads whom.
class Planner {
 public:
  Planner(const Graph& graph, const Registry& registry) : impl_(GraphAccess::impl(graph)), plan_(graph, registry) {}

  std::shared_ptr<const Plan> plan(const std::vector<std::string>& wanted) {
    number_nodes(wanted);
    for (const Vertex vertex : vertices_) add(impl_[vertex]);
    plan_.nodes_.push_back({.node = nullptr,
        .type = 0,
        .first_port = size(plan_.ports_),
        .first_link = size(plan_.links_),
        .first_output = outputs_});
    number_readers();
    return std::make_shared<const Plan>(std::move(plan_));
  }

 private:
  template <class T>
  static std::uint32_t size(const std::vector<T>& list) {
    return static_cast<std::uint32_t>(list.size());
  }

  void number_nodes(const std::vector<std::string>& wanted) {
    std::vector<PlanIndex>& index = plan_.by_vertex_;
    index.assign(impl_.vertex_count(), kNoNode);
    constexpr PlanIndex kNeeded = kNoNode - 1;
    std::vector<Vertex> open;
    const auto need = [&](Vertex vertex) {
      if (index[vertex] != kNoNode) return;
      index[vertex] = kNeeded;
      open.push_back(vertex);
    };
    for (const std::string& id : wanted) need(impl_.at(id));
    while (!open.empty()) {
      const Vertex vertex = open.back();
      open.pop_back();
      for (const LinkIn& link : impl_[vertex].links_in) need(link.source);
    }
    for (const Vertex vertex : impl_.order()->vertices) {
      if (index[vertex] != kNeeded) continue;
      index[vertex] = size(vertices_);
      vertices_.push_back(vertex);
    }
    for (const std::string& id : wanted) plan_.wanted_.push_back(index[impl_.find(id)]);
    plan_.nodes_.reserve(vertices_.size() + 1);
  }

  void add(const NodeRecord& record) {
    const std::uint32_t type = type_of(record.node->type);
    const NodeInfo& info = *plan_.types_[type].info;
    PlanNode node{.node = record.node.get(),
        .type = type,
        .first_port = size(plan_.ports_),
        .first_link = size(plan_.links_),
        .first_output = outputs_};
    ContentHasher hasher;
    hasher.add(std::string_view(info.id)).add(static_cast<std::uint64_t>(info.options.revision));
    if (info.replaced > 0) hasher.add(info.replaced);
    for (const PortInfo& port : info.inputs) plan_.ports_.push_back(port_source(record, port, hasher));
    node.params = hasher.result();
    outputs_ += size(info.outputs);
    plan_.nodes_.push_back(node);
  }

  PortSource port_source(const NodeRecord& record, const PortInfo& port, ContentHasher& hasher) {
    PortSource source{.first_link = size(plan_.links_)};
    for (const LinkIn& link : std::ranges::equal_range(record.links_in, port.name, {}, &LinkIn::input)) {
      plan_.links_.push_back(link_source(link, port));
    }
    source.link_count = size(plan_.links_) - source.first_link;
    hasher.add(std::uint64_t{source.link_count});
    if (source.link_count > 0) return source;

    if (const auto found = record.node->inputs.find(port.name); found != record.node->inputs.end()) {
      const Literal* literal = std::get_if<Literal>(&found->second);
      if (literal && !literal->is_null()) source.literal = literal;
    }
    add_literal(hasher, port, source.literal ? *source.literal : port.init);
    return source;
  }

  Source link_source(const LinkIn& link, const PortInfo& port) const {
    const PlanIndex index = plan_.by_vertex_[link.source];
    const std::vector<PortInfo>& outputs = plan_.type(index).info->outputs;
    const auto output = std::ranges::find(outputs, link.output, &PortInfo::name);
    return {.node = index,
        .output = static_cast<std::uint16_t>(output - outputs.begin()),
        .to_float = port.type == "float" && output->type == "int"};
  }

  /// By the port's type, so that 1 and 1.0 are the same number to a "float".
  static void add_literal(ContentHasher& hasher, const PortInfo& port, const Literal& literal) {
    if (port.type == "float" && literal.is_number()) {
      hasher.add(std::bit_cast<std::uint64_t>(literal.get<double>()));
    } else {
      hasher.add(literal);
    }
  }

  std::uint32_t type_of(const std::string& id) {
    const auto [known, added] = types_.try_emplace(id, size(plan_.types_));
    if (!added) return known->second;
    PlanType type{.info = plan_.registry_.find(id)};
    for (const PortInfo& port : type.info->inputs) {
      const bool given = port.kind == PortKind::Param && !port.init.is_null();
      type.defaults.push_back(given ? literal_value(port, port.init) : Value());
    }
    plan_.types_.push_back(std::move(type));
    return known->second;
  }

  void number_readers() {
    std::vector<std::uint32_t>& first = plan_.first_reader_;
    first.assign(plan_.nodes_.size(), 0);
    for (const Source& link : plan_.links_) ++first[link.node + 1];
    std::partial_sum(first.begin(), first.end(), first.begin());
    plan_.readers_.resize(plan_.links_.size());
    std::vector<std::uint32_t> next = first;
    for (PlanIndex i = 0; i < plan_.size(); ++i) {
      for (const Source& link : plan_.links(i)) plan_.readers_[next[link.node]++] = i;
    }
  }

  const Graph::Impl& impl_;
  Plan plan_;
  std::vector<Vertex> vertices_;
  std::unordered_map<std::string_view, std::uint32_t> types_;
  std::uint32_t outputs_ = 0;
};

std::shared_ptr<const Plan> Plan::make(
    const Graph& graph, const Registry& registry, const std::vector<std::string>& wanted) {
  const Workflow workflow{.graph = graph};
  std::vector<Problem> problems = validate(workflow, registry, wanted);
  if (!problems.empty()) throw GraphError(std::move(problems));
  return Planner(graph, registry).plan(wanted.empty() ? default_results(workflow, registry) : wanted);
}

PlanCode::PlanCode(const Plan& plan) {
  for (const PlanType& type : plan.types()) {
    Type& known = types_.emplace_back();
    try {
      known.code = &plan.registry().node(type.info->id);
    } catch (const std::exception& error) {
      known.problem = error.what();
    }
  }
}

PlanIndex Plan::find(std::string_view id) const {
  const Vertex vertex = GraphAccess::impl(graph_).find(id);
  return vertex == kNoVertex ? kNoNode : by_vertex_[vertex];
}

}  // namespace weft
