// One node of a run: its call, whatever it throws, and its result on the way into the cache.
#include <fmt/format.h>

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <limits>
#include <utility>

#include "base/byte_text.h"
#include "base/c_locale.h"
#include "base/cancel_point.h"
#include "base/error_text.h"
#include "graph/node_context.h"
#include "graph/run.h"

namespace weft {
namespace {

using Clock = std::chrono::steady_clock;

/// Node::run(), and the watch around it.
void call(const Node& code, const std::string& id, const NodeInfo& type, NodeContext& context, NodeWatch* watch) {
  if (!watch) return code.run(context);
  struct Leave {
    NodeWatch& watch;
    std::span<const Value> outputs = {};
    ~Leave() { watch.leave(outputs); }
  } leave{*watch};
  watch->enter(id, type);
  code.run(context);
  leave.outputs = context.outputs();
}

}  // namespace

void Run::work(Lanes::Task task) {
  for (PlanIndex i = task; i != kNoNode;) i = finish(i, run_node(i));
}

Run::Phase Run::run_node(PlanIndex i) {
  if (stop_requested()) {
    send(i, NodeCancelled{});
    return Phase::Cancelled;
  }
  if (events_) send(i, NodeStarted{memory(i).device(), why_it_runs(plan_, keys_, i, house_.past)});
  if (!order_.idle()) {
    boost::container::small_vector<PlanIndex, 8> sources;
    for (const Source& link : plan_.links(i)) sources.push_back(stand_in(link.node));
    order_.begin(i, heavy(i), sources);
  }
  Attempt outcome = attempt(i);
  if (outcome.out_of_memory) {
    free_memory(*outcome.out_of_memory);
    outcome = attempt(i);
    if (outcome.out_of_memory) outcome.problem = out_of_memory(i, *outcome.out_of_memory);
  }
  order_.end(i, outcome.phase == Phase::Finished, has_heavy_readers(i));
  if (outcome.phase == Phase::Cancelled) send(i, NodeCancelled{});
  if (outcome.phase == Phase::Failed) {
    send(i, NodeFailed{outcome.problem});
    const std::scoped_lock lock(mutex_);
    problems_.emplace(i, std::move(outcome.problem));
  }
  return outcome.phase;
}

Run::Attempt Run::attempt(PlanIndex i) {
  if (!keys_.problems.empty()) {
    if (const auto known = keys_.problems.find(i); known != keys_.problems.end()) {
      return {.phase = Phase::Failed, .problem = known->second};
    }
  }
  const CLocale locale;
  std::optional<NodeContext> context;
  const auto ended_by = [&](Attempt attempt) {
    if (context && context->cancelled()) return Attempt{.phase = Phase::Cancelled};
    return attempt;
  };
  try {
    context.emplace(*this, i);
    const CancelScope cancels(&*context);
    const auto start = Clock::now();
    call(*code_.find(plan_.nodes()[i]), plan_.id(i), *plan_.type(i).info, *context, house_.options.watch);
    if (context->cancelled()) return {.phase = Phase::Cancelled};  // half-done, though the node hid it
    if (auto wrong = wrong_outputs(i, context->outputs())) return *std::move(wrong);
    keep(i, *context, Clock::now() - start);
    return {};
  } catch (const Cancelled&) {
    return ended_by(failure(
        i, "threw Cancelled although nobody asked for a cancel: only progress() and cancel_point() may throw it"));
  } catch (const OutOfMemory& error) {
    return ended_by(failure(i, error));
  } catch (const std::bad_alloc&) {
    return ended_by(failure(i, OutOfMemory(cpu_.device().name(), 0, 0)));
  } catch (const std::exception& error) {
    const auto* text = dynamic_cast<const ErrorText*>(&house_.streams.runtime());
    if (!text) return ended_by(failure(i, error.what()));
    const auto shortage = text->shortage_in(error);
    return ended_by(shortage ? failure(i, *shortage) : failure(i, text->text_of(error)));
  } catch (...) {
    return ended_by(failure(i, "threw something that is no std::exception: throw weft::NodeError instead"));
  }
}

Run::Attempt Run::failure(PlanIndex i, const std::string& what, const std::string& port) const {
  return {.phase = Phase::Failed,
      .problem = {.node = plan_.id(i), .port = port, .what = fmt::format("{}: {}", plan_.type(i).info->id, what)}};
}

Run::Attempt Run::failure(PlanIndex i, const OutOfMemory& error) const {
  Attempt attempt = failure(i, error.what());
  attempt.out_of_memory = error;
  return attempt;
}

std::optional<Run::Attempt> Run::wrong_outputs(PlanIndex i, std::span<const Value> outputs) const {
  const std::vector<PortInfo>& ports = plan_.type(i).info->outputs;
  for (std::size_t k = 0; k < ports.size(); ++k) {
    const PortInfo& port = ports[k];
    if (!outputs[k]) {
      return failure(i,
          fmt::format("ran, but did not set its output '{}': the node's run() must set every output", port.name),
          port.name);
    }
    if (outputs[k].type() != port.type && port.type != "any") {
      return failure(i,
          fmt::format("set its output '{}' to a value of type '{}', it is declared as '{}'", port.name,
              outputs[k].type(), port.type),
          port.name);
    }
  }
  return std::nullopt;
}

void Run::keep(PlanIndex i, NodeContext& context, std::chrono::nanoseconds time) {
  State& state = states_[i];
  const std::uint64_t bytes = context.bytes();
  state.notes = notes_of_sources(i, std::move(context.notes()));
  std::ranges::move(context.outputs(), values(i).begin());
  if (!keys_.once[i]) {
    const std::span<const Value> kept = values(i);
    state.entry = house_.cache.insert(key(i), {.outputs = {kept.begin(), kept.end()}, .notes = state.notes},
        {.name = "result of " + plan_.type(i).info->id,
            .device = memory(i).device(),
            .bytes = bytes + ResultCache::kOverhead,
            .cost_seconds = std::chrono::duration<double>(time).count()});
  }
  send(i, NodeFinished{time, bytes});
}

const Residency& Run::memory_of(const std::string& device) const {
  return device == device_.device().name() ? device_ : cpu_;
}

void Run::free_memory(const OutOfMemory& error) {
  const Device& device = memory_of(error.device()).device();
  order_.drain();
  house_.ledger->make_room(device, std::numeric_limits<std::uint64_t>::max());
  house_.streams.runtime().trim(device);
}

Problem Run::out_of_memory(PlanIndex i, const OutOfMemory& error) const {
  const Device& device = memory_of(error.device()).device();
  const DeviceMemory now = house_.streams.runtime().memory(device);
  std::string what = fmt::format(
      "{}: out of memory on {}, also after freeing what was not in use: ", plan_.type(i).info->id, device.name());
  if (error.wanted_bytes() > 0) what += fmt::format("{} are needed, ", byte_text(error.wanted_bytes()));
  what += fmt::format(
      "{} of {} are free", byte_text(error.free_bytes() > 0 ? error.free_bytes() : now.free), byte_text(now.total));
  if (const std::string holders = house_.ledger->holders(device); !holders.empty()) what += "; " + holders;
  return {.node = plan_.id(i),
      .what = std::move(what),
      .remedy = "make the picture or the batch smaller, or use a smaller model or dtype"};
}

}  // namespace weft
