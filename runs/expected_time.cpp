#include "runs/expected_time.h"

#include <deque>
#include <set>

namespace weft::runs {
namespace {

/// The number that stands at a param; 0 where none does.
double number_at(const GraphNode& node, std::string_view port) {
  const auto found = node.inputs.find(port);
  const Literal* literal = found == node.inputs.end() ? nullptr : std::get_if<Literal>(&found->second);
  return literal && literal->is_number() ? literal->get<double>() : 0;
}

double pixels_at(const GraphNode& node) {
  const double batch = number_at(node, "batch");
  return number_at(node, "width") * number_at(node, "height") * (batch > 0 ? batch : 1);
}

/// Of the nearest that says so, the node itself first.
double pixels_before(const Graph& graph, const GraphNode& node) {
  constexpr std::size_t kFarthest = 200;  // nodes: whoever looks at thousands makes a frame wait
  std::set<std::string_view> met = {node.id};
  std::deque<const GraphNode*> next = {&node};
  for (; !next.empty() && met.size() < kFarthest; next.pop_front()) {
    if (const double pixels = pixels_at(*next.front()); pixels > 0) return pixels;
    for (const auto& [port, value] : next.front()->inputs) {
      const Links* links = std::get_if<Links>(&value);
      if (!links) continue;
      for (const PortRef& source : *links)
        if (const GraphNode* found = graph.find(source.node); found && met.insert(found->id).second)
          next.push_back(found);
    }
  }
  return 0;
}

/// By what a time grows; nothing where only one of the two is known.
std::optional<double> growth(double from, double to) {
  if (from <= 0 && to <= 0) return 1;
  return from > 0 && to > 0 ? std::optional(to / from) : std::nullopt;
}

}  // namespace

Work work_of(const Graph& graph, const GraphNode& node) {
  return {.steps = number_at(node, "steps"), .pixels = pixels_before(graph, node)};
}

std::optional<double> PastTimes::expected(std::string_view type, const Work& work) const {
  const auto found = last_.find(type);
  if (found == last_.end()) return std::nullopt;
  const auto steps = growth(found->second.work.steps, work.steps),
             pixels = growth(found->second.work.pixels, work.pixels);
  return steps && pixels ? std::optional(found->second.seconds * *steps * *pixels) : std::nullopt;
}

}  // namespace weft::runs
