#include "cli/running_nodes.h"

#include <algorithm>

#include "cli/crash_report.h"
#include "cli/results.h"

namespace weft::cli {

namespace {

constinit thread_local RunningNode t_here;

}  // namespace

const RunningNode& RunningNodes::here() { return t_here; }

void RunningNodes::enter(const std::string& node, const NodeInfo& type) {
  CrashReport::watch_thread();
  t_here = {&node, &type};
  const std::scoped_lock lock(mutex_);
  running_.push_back(t_here);
}

void RunningNodes::leave(std::span<const Value> outputs) {
  if (before_leave) before_leave();
  const std::scoped_lock lock(mutex_);
  std::erase_if(running_, [](const RunningNode& each) { return each.id == t_here.id; });
  if (is_wanted(*t_here.id) && !outputs.empty()) {
    NodeResult result{.state = NodeResult::State::Finished};
    for (const Value& value : outputs) result.outputs.push_back(is_plain(value) ? value : Value());
    so_far_.nodes.insert_or_assign(*t_here.id, std::move(result));
  }
  t_here = {};
}

std::optional<RunningNode> RunningNodes::only() const {
  const std::scoped_lock lock(mutex_);
  return running_.size() == 1 ? std::optional(running_.front()) : std::nullopt;
}

RunResult RunningNodes::so_far() const {
  const std::scoped_lock lock(mutex_);
  return so_far_;
}

bool RunningNodes::is_wanted(std::string_view id) const {
  return std::ranges::any_of(wanted_, [&](const std::string& each) {
    return id == each || (id.starts_with(each) && id.substr(each.size()).starts_with('/'));
  });
}

}  // namespace weft::cli
