#include "graph/bypass.h"

#include <algorithm>
#include <set>

namespace weft {
namespace {

bool is_known(std::string_view type) { return !type.empty() && type != "any"; }

std::string type_in(const std::vector<StatedPort>& ports, std::string_view name) {
  const auto found = std::ranges::find(ports, name, &StatedPort::name);
  return found == ports.end() ? std::string() : found->type;
}

std::optional<std::string> input_of_known(
    const NodeInfo& info, std::string_view output, std::span<const std::string> fed) {
  const PortInfo* out = info.find_output(output);
  std::optional<std::string> first;
  for (const PortInfo& input : info.inputs) {
    if (!out || input.type != out->type || std::ranges::count(fed, input.name) == 0) continue;
    if (input.name == output) return input.name;
    if (!first) first = input.name;
  }
  return first;
}

}  // namespace

template <class Visit>
void Bypasses::for_each_link_from(Vertex vertex, const Visit& visit) const {
  std::set<Vertex> readers;
  const auto [begin, end] = boost::adjacent_vertices(vertex, graph_.links);
  readers.insert(begin, end);
  for (const Vertex reader : readers)
    for (const LinkIn& link : graph_[reader].links_in)
      if (link.source == vertex) visit(link);
}

std::vector<std::string> Bypasses::outputs(Vertex vertex) const {
  std::vector<std::string> names;
  if (const NodeInfo* info = info_of(vertex)) {
    for (const PortInfo& port : info->outputs) names.push_back(port.name);
    return names;
  }
  std::set<std::string_view> known;
  const auto add = [&](std::string_view name) {
    if (known.insert(name).second) names.emplace_back(name);
  };
  const auto stated = stated_ports(*graph_[vertex].node);
  if (stated)
    for (const StatedPort& port : stated->outputs) add(port.name);
  for_each_link_from(vertex, [&](const LinkIn& link) { add(link.output); });
  return names;
}

std::optional<std::string> Bypasses::input_for(
    Vertex vertex, std::string_view output, std::span<const std::string> fed) const {
  const NodeInfo* info = info_of(vertex);
  return info ? input_of_known(*info, output, fed) : input_of_placeholder(vertex, output, fed);
}

std::string Bypasses::output_type(Vertex vertex, std::string_view output) const {
  std::string type = type_at_output(vertex, output, {});
  return is_known(type) || info_of(vertex) ? type : type_at_output(vertex, output, shown());
}

std::optional<std::string> Bypasses::input_of_placeholder(
    Vertex vertex, std::string_view output, std::span<const std::string> fed) const {
  const std::string wanted = output_type(vertex, output);
  const auto stated = stated_ports(*graph_[vertex].node);
  std::vector<StatedPort> inputs;  // that are fed; in their order where it is known
  if (stated) {
    const auto place = std::ranges::find(stated->outputs, output, &StatedPort::name) - stated->outputs.begin();
    for (const StatedPort& port : stated->inputs)
      if (std::ranges::count(fed, port.name) > 0) inputs.push_back(port);
    if (static_cast<std::size_t>(place) < std::min(stated->outputs.size(), stated->inputs.size())) {
      const StatedPort& same = stated->inputs[static_cast<std::size_t>(place)];
      if (std::ranges::count(inputs, same) > 0 && stated_types_fit(same.type, wanted)) return same.name;
    }
  }
  for (const std::string& name : fed)
    if (std::ranges::find(inputs, name, &StatedPort::name) == inputs.end())
      inputs.push_back({name, type_at_input(vertex, name, shown())});
  if (!stated)
    std::ranges::stable_partition(
        inputs, [&](const StatedPort& port) { return feeds_port_named(vertex, output, port.name); });
  auto found = std::ranges::find(inputs, wanted, &StatedPort::type);
  if (found == inputs.end())
    found = std::ranges::find_if(inputs, [&](const StatedPort& port) { return stated_types_fit(port.type, wanted); });
  return found == inputs.end() ? std::nullopt : std::optional(found->name);
}

std::string Bypasses::type_at_input(Vertex vertex, std::string_view input, const ShownTypes& shown) const {
  const GraphNode& node = *graph_[vertex].node;
  if (const NodeInfo* info = info_of(vertex)) {
    const PortInfo* port = info->find_input(input);
    return port ? port->type : std::string();
  }
  if (const auto stated = stated_ports(node))
    if (std::string type = type_in(stated->inputs, input); is_known(type)) return type;
  const auto found = shown.inputs.find({node.type, input});
  return found == shown.inputs.end() ? std::string() : found->second;
}

std::string Bypasses::type_at_output(Vertex vertex, std::string_view output, const ShownTypes& shown) const {
  const GraphNode& node = *graph_[vertex].node;
  if (const NodeInfo* info = info_of(vertex)) {
    const PortInfo* port = info->find_output(output);
    return port ? port->type : std::string();
  }
  if (const auto stated = stated_ports(node))
    if (std::string type = type_in(stated->outputs, output); is_known(type)) return type;
  const auto found = shown.outputs.find({node.type, output});
  return found == shown.outputs.end() ? std::string() : found->second;
}

/// One node of a type tells of the others: so types go along a chain of nodes of which none states its ports.
const Bypasses::ShownTypes& Bypasses::shown() const {
  constexpr int kMostPasses = 4;
  if (shown_) return *shown_;
  ShownTypes shown;
  for (int pass = 0; pass < kMostPasses && learn(shown); ++pass) {
  }
  return shown_.emplace(std::move(shown));
}

/// Each link whose one end is known tells the type of the other. False if nothing was learned.
bool Bypasses::learn(ShownTypes& shown) const {
  bool learned = false;
  for (Vertex v = graph_.first; v != kNoVertex; v = graph_[v].next)
    for (const LinkIn& link : graph_[v].links_in) {
      const std::string from = type_at_output(link.source, link.output, shown),
                        to = type_at_input(v, link.input, shown);
      if (is_known(from) == is_known(to)) continue;
      if (is_known(from) && !info_of(v))
        learned |= shown.inputs.insert_or_assign({graph_[v].node->type, link.input}, from).second;
      if (is_known(to) && !info_of(link.source))
        learned |= shown.outputs.insert_or_assign({graph_[link.source].node->type, link.output}, to).second;
    }
  return learned;
}

bool Bypasses::feeds_port_named(Vertex vertex, std::string_view output, std::string_view name) const {
  bool feeds = false;
  for_each_link_from(
      vertex, [&](const LinkIn& link) { feeds = feeds || (link.output == output && link.input == name); });
  return feeds;
}

}  // namespace weft
