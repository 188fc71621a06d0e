#include "graph/why.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace weft {
namespace {

/// A node in a run.
struct Seen {
  const Plan& plan;
  const Keys& keys;
  PlanIndex index;

  const NodeInfo& info() const { return *plan.type(index).info; }
  const ContentHash& key() const { return keys.keys[index]; }
  const PortSource& port(std::size_t i) const { return plan.ports(index)[i]; }
  std::string fingerprint() const {
    const auto found = keys.fingerprints.find(index);
    return found == keys.fingerprints.end() ? std::string() : found->second;
  }
};

const PastRun* last_run_of(std::string_view id, std::span<const PastRun> past) {
  const auto found = std::ranges::find_if(past, [&](const PastRun& run) { return run.plan->find(id) != kNoNode; });
  return found == past.end() ? nullptr : &*found;
}

bool same_links(const Seen& a, const Seen& b, const PortSource& from_a, const PortSource& from_b) {
  return std::ranges::equal(a.plan.links(from_a), b.plan.links(from_b), [&](const Source& x, const Source& y) {
    return x.output == y.output && a.keys.keys[x.node] == b.keys.keys[y.node];
  });
}

bool same_port(const Seen& a, const Seen& b, std::size_t i) {
  const PortSource& from_a = a.port(i);
  const PortSource& from_b = b.port(i);
  if (!same_links(a, b, from_a, from_b)) return false;
  const nlohmann::json& init = a.info().inputs[i].init;
  return (from_a.literal ? *from_a.literal : init) == (from_b.literal ? *from_b.literal : init);
}

std::vector<std::string> differences(const Seen& now, const Seen& then) {
  if (now.info().id != then.info().id) {
    return {fmt::format("type changed from {} to {}", then.info().id, now.info().id)};
  }
  std::vector<std::string> found;
  if (now.info().options.revision != then.info().options.revision) found.push_back("revision of the type changed");
  if (now.keys.environment.dtype != then.keys.environment.dtype) found.push_back("dtype of the run changed");
  if (now.keys.environment.device_kind != then.keys.environment.device_kind) found.push_back("device changed");
  for (std::size_t i = 0; i < now.info().inputs.size() && i < then.info().inputs.size(); ++i) {
    if (same_port(now, then, i)) continue;
    const PortInfo& port = now.info().inputs[i];
    found.push_back(fmt::format("{} '{}' changed", port.kind == PortKind::Param ? "param" : "input", port.name));
  }
  if (now.fingerprint() != then.fingerprint()) found.push_back("fingerprint changed");
  return found;
}

}  // namespace

std::string why_it_runs(const Plan& plan, const Keys& keys, PlanIndex node, std::span<const PastRun> past) {
  const Seen now{plan, keys, node};
  if (now.info().options.cache == Cache::Never) return "never cached";
  const PastRun* run = last_run_of(plan.id(node), past);
  if (!run) return "not cached: first run";
  const Seen then{*run->plan, *run->keys, run->plan->find(plan.id(node))};
  if (now.key() != then.key()) {
    const std::vector<std::string> found = differences(now, then);
    // Without a difference only the run's number is left: a fingerprint that needs a linked param.
    return found.empty() ? "never cached: its fingerprint needs a param that is linked"
                         : fmt::format("not cached: {}", fmt::join(found, ", "));
  }
  return run->unfinished.contains(then.index) ? "not cached: its last run did not finish"
                                              : "not cached: its result was evicted";
}

}  // namespace weft
