#include "graph/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <limits>
#include <set>
#include <utility>

#include "graph/error_text.h"
#include "graph/node_context.h"

namespace weft {
namespace {

using Clock = std::chrono::steady_clock;
using Indices = boost::container::small_vector<PlanIndex, 8>;

std::string mebibytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

}  // namespace

Run::Run(const House& house, const Plan& plan, const Keys& keys, const RunEnvironment& environment,
         std::span<const SkippedNode> left_out, const Observer& observer, std::stop_token stop)
    : house_(house),
      plan_(plan),
      keys_(keys),
      environment_(environment),
      left_out_(left_out),
      events_(observer),
      stop_(std::move(stop)),
      order_(house.streams, plan.size()) {}

RunResult Run::execute() {
  const auto start = Clock::now();
  find_what_to_run();
  if (to_run_ > 0) count_links();
  announce();
  if (to_run_ > 0) run_all();
  RunResult result = this->result();
  if (events_) {
    RunFinished end{.skipped = left_out_.size(), .cancelled = result.cancelled, .time = Clock::now() - start};
    for (PlanIndex i = 0; i < plan_.size(); ++i) {
      if (phases_[i] == Phase::NotNeeded) continue;
      const NodeResult::State state = state_of(i);
      end.ran += state == NodeResult::State::Finished;
      end.cached += state == NodeResult::State::Cached;
      end.failed += state == NodeResult::State::Failed;
      end.skipped += state == NodeResult::State::Skipped;
    }
    events_.send({}, end);
    events_.wait();
  }
  return result;
}

void Run::send(PlanIndex i, EventKind kind) {
  if (events_) events_.send(plan_.id(i), std::move(kind));
}

// ---- What runs ----

void Run::find_what_to_run() {
  phases_.assign(plan_.size(), Phase::NotNeeded);
  for (const PlanIndex i : plan_.wanted()) phases_[i] = Phase::ToRun;
  boost::unordered_flat_map<ContentHash, PlanIndex, KeyHash> by_key;
  // Readers stand after what they read, so walking back meets each node when it is known whether somebody
  // needs it.
  for (PlanIndex i = static_cast<PlanIndex>(plan_.size()); i-- > 0;) {
    if (phases_[i] == Phase::NotNeeded) continue;
    if (!keys_.once[i]) {
      if (auto result = house_.cache.find(key(i))) {
        phases_[i] = Phase::Cached;
        hits_.push_back({i, std::move(result)});
        continue;
      }
      if (const auto [same, first] = by_key.try_emplace(key(i), i); !first) {
        phases_[i] = Phase::Twin;
        stand_ins_[i] = same->second;
        twins_.emplace(same->second, i);
        continue;
      }
    }
    ++to_run_;
    for (const Source& link : plan_.links(i)) phases_[link.node] = Phase::ToRun;
  }
}

void Run::count_links() {
  states_ = std::vector<State>(plan_.size());
  values_.resize(plan_.output_count());
  for (const Hit& hit : hits_) {
    State& state = states_[hit.node];
    state.entry = hit.result->entry;
    state.notes = hit.result->notes;
    house_.cache.use(state.entry);
    std::ranges::copy(hit.result->outputs, values(hit.node).begin());
  }
  const auto add = [](std::atomic<std::uint32_t>& count) {
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  };
  for (PlanIndex i = 0; i < plan_.size(); ++i) {
    if (phases_[i] != Phase::ToRun) continue;
    for (const Source& link : plan_.links(i)) {
      const PlanIndex source = stand_in(link.node);
      add(states_[source].readers);
      if (phases_[source] == Phase::ToRun) add(states_[i].waits_for);
    }
  }
  for (const PlanIndex i : plan_.wanted()) add(states_[stand_in(i)].readers);
}

void Run::announce() {
  if (!events_) return;
  events_.send({}, RunStarted{to_run_ + hits_.size() + stand_ins_.size()});
  for (const SkippedNode& node : left_out_)
    events_.send(node.node, NodeSkipped{.because_of = node.because_of, .muted = true});
  for (PlanIndex i = 0; i < plan_.size(); ++i) {
    if (phases_[i] == Phase::NotNeeded) continue;
    send(i, NodeQueued{});
    if (phases_[i] == Phase::Cached) send(i, NodeCached{});
  }
}

void Run::run_all() {
  std::vector<Lanes::Task> light, heavy;
  for (PlanIndex i = 0; i < plan_.size(); ++i) {
    if (phases_[i] == Phase::ToRun && states_[i].waits_for == 0)
      (this->heavy(i) ? heavy : light).push_back(i);
  }
  house_.lanes.run(*this, light, heavy);
  order_.drain();
}

PlanIndex Run::stand_in(PlanIndex i) const {
  if (phases_[i] != Phase::Twin) return i;
  return stand_ins_.find(i)->second;
}

template <class Visit>
void Run::visit_with_twins(PlanIndex i, const Visit& visit) const {
  visit(i);
  if (twins_.empty()) return;
  for (auto [twin, end] = twins_.equal_range(i); twin != end; ++twin) visit(twin->second);
}

std::span<Value> Run::values(PlanIndex i) {
  return std::span(values_).subspan(plan_.nodes()[i].first_output, plan_.type(i).info->outputs.size());
}

const Value& Run::value(const Source& link) const {
  return values_[plan_.nodes()[stand_in(link.node)].first_output + link.output];
}

// ---- One node ----

void Run::work(Lanes::Task task) {
  for (PlanIndex i = task; i != kNoNode;) i = finish(i, run_node(i));
}

Run::Phase Run::run_node(PlanIndex i) {
  if (stop_requested()) {
    send(i, NodeCancelled{});
    return Phase::Cancelled;
  }
  if (events_) send(i, NodeStarted{device(i), why_it_runs(plan_, keys_, i, house_.past)});
  if (!order_.idle()) {
    Indices sources;
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
  std::optional<NodeContext> context;
  const auto ended_by = [&](Attempt attempt) {
    if (context && context->cancelled()) return Attempt{.phase = Phase::Cancelled};
    return attempt;
  };
  try {
    context.emplace(*this, i);
    const auto start = Clock::now();
    plan_.type(i).code->run(*context);
    if (context->cancelled()) return {.phase = Phase::Cancelled};  // half-done, though the node hid it
    if (auto wrong = wrong_outputs(i, context->outputs())) return *std::move(wrong);
    keep(i, *context, Clock::now() - start);
    return {};
  } catch (const Cancelled&) {
    return ended_by(
        failure(i, "threw Cancelled although nobody asked for a cancel: only progress() may throw it"));
  } catch (const OutOfMemory& error) {
    Attempt attempt = failure(i, error.what());
    attempt.out_of_memory = error;
    return ended_by(std::move(attempt));
  } catch (const std::bad_alloc&) {
    const OutOfMemory error(cpu_.name(), 0, house_.streams.runtime().memory(cpu_).free);
    Attempt attempt = failure(i, error.what());
    attempt.out_of_memory = error;
    return ended_by(std::move(attempt));
  } catch (const std::exception& error) {
    const auto* text = dynamic_cast<const ErrorText*>(&house_.streams.runtime());
    return ended_by(failure(i, text ? text->text_of(error) : error.what()));
  } catch (...) {
    return ended_by(failure(i, "threw something that is no std::exception: throw weft::NodeError instead"));
  }
}

Run::Attempt Run::failure(PlanIndex i, const std::string& what, const std::string& port) const {
  return {
      .phase = Phase::Failed,
      .problem = {
          .node = plan_.id(i), .port = port, .what = fmt::format("{}: {}", plan_.type(i).info->id, what)}};
}

std::optional<Run::Attempt> Run::wrong_outputs(PlanIndex i, std::span<const Value> outputs) const {
  const std::vector<PortInfo>& ports = plan_.type(i).info->outputs;
  for (std::size_t k = 0; k < ports.size(); ++k) {
    const PortInfo& port = ports[k];
    if (!outputs[k]) {
      return failure(
          i,
          fmt::format("ran, but did not set its output '{}': the node's run() must set every output",
                      port.name),
          port.name);
    }
    if (outputs[k].type() != port.type && port.type != "any") {
      return failure(i,
                     fmt::format("set its output '{}' to a value of type '{}', it is declared as '{}'",
                                 port.name, outputs[k].type(), port.type),
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
                                       .device = device(i),
                                       .bytes = bytes + ResultCache::kOverhead,
                                       .cost_seconds = std::chrono::duration<double>(time).count()});
  }
  send(i, NodeFinished{time, bytes});
}

const Device& Run::device_named(const std::string& name) const {
  return name == house_.options.device.name() ? house_.options.device : cpu_;
}

void Run::free_memory(const OutOfMemory& error) {
  const Device& device = device_named(error.device());
  order_.drain();
  house_.ledger.make_room(device, std::numeric_limits<std::uint64_t>::max());
  house_.streams.runtime().trim(device);
}

Problem Run::out_of_memory(PlanIndex i, const OutOfMemory& error) const {
  const Device& device = device_named(error.device());
  const DeviceMemory memory = house_.streams.runtime().memory(device);
  return {.node = plan_.id(i),
          .what = fmt::format(
              "{}: out of memory on {}, also after freeing what was not in use: {} are needed, {} of {} "
              "are free, {} are held by results and models in use",
              plan_.type(i).info->id, device.name(), mebibytes(error.wanted_bytes()), mebibytes(memory.free),
              mebibytes(memory.total), mebibytes(house_.ledger.held(device))),
          .remedy = "make the picture or the batch smaller, or use a smaller model or dtype"};
}

// ---- Who waited for it ----

PlanIndex Run::finish(PlanIndex i, Phase phase) {
  phases_[i] = phase;
  PlanIndex next = kNoNode;
  Indices light, heavy;
  const auto ready = [&](PlanIndex reader) {
    if (next == kNoNode && this->heavy(reader) == this->heavy(i)) {
      next = reader;
    } else {
      (this->heavy(reader) ? heavy : light).push_back(reader);
    }
  };
  Indices ended{i};  // a list and not recursion: a failure may skip 100,000 nodes
  while (!ended.empty()) {
    const PlanIndex node = ended.back();
    ended.pop_back();
    const PlanIndex cause = cause_of(node);
    visit_with_twins(node, [&](PlanIndex source) {
      for (const PlanIndex reader : plan_.readers(source)) {
        if (phases_[reader] != Phase::ToRun) continue;
        State& state = states_[reader];
        if (cause != kNoNode) state.blocked_by.store(cause, std::memory_order_relaxed);
        if (state.waits_for.fetch_sub(1, std::memory_order_acq_rel) > 1) continue;
        const PlanIndex blocked_by = state.blocked_by.load(std::memory_order_relaxed);
        if (blocked_by == kNoNode) {
          ready(reader);
        } else {
          phases_[reader] = blocked_by == kCancelled ? Phase::Cancelled : Phase::Skipped;
          tell_blocked(reader, blocked_by);
          ended.push_back(reader);
        }
      }
    });
    tell_twins(node);
    for (const Source& link : plan_.links(node)) release_reader(stand_in(link.node));
  }
  if (!light.empty() || !heavy.empty())
    house_.lanes.push({light.data(), light.size()}, {heavy.data(), heavy.size()});
  return next;
}

/// What blocks the readers of a node that ended: kNoNode if nothing does.
PlanIndex Run::cause_of(PlanIndex ended) const {
  switch (phases_[ended]) {
    case Phase::Failed:
      return ended;
    case Phase::Cancelled:
      return kCancelled;
    case Phase::Skipped:
      return states_[ended].blocked_by.load(std::memory_order_relaxed);
    default:
      return kNoNode;
  }
}

void Run::tell_blocked(PlanIndex i, PlanIndex cause) {
  if (!events_) return;
  if (cause == kCancelled) {
    send(i, NodeCancelled{});
  } else {
    send(i, NodeSkipped{.because_of = plan_.id(cause)});
  }
}

void Run::tell_twins(PlanIndex i) {
  if (!events_) return;
  const PlanIndex cause = cause_of(i);
  visit_with_twins(i, [&](PlanIndex twin) {
    if (twin == i) return;
    if (cause == kNoNode) {
      send(twin, NodeCached{});
    } else {
      tell_blocked(twin, cause);
    }
  });
}

void Run::release_reader(PlanIndex i) {
  State& state = states_[i];
  if (state.readers.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  order_.release(i, values(i));
  if (state.entry != 0) house_.cache.done_with(state.entry);
}

bool Run::has_heavy_readers(PlanIndex i) const {
  if (order_.idle()) return false;
  bool found = false;
  visit_with_twins(i, [&](PlanIndex source) {
    found = found || std::ranges::any_of(plan_.readers(source), [&](PlanIndex reader) {
              return phases_[reader] == Phase::ToRun && heavy(reader);
            });
  });
  return found;
}

// ---- Notes ----

KeptNotes Run::notes_of_sources(PlanIndex i, std::vector<KeptNote> own) const {
  std::vector<KeptNotes> parts;
  for (const Source& link : plan_.links(i)) {
    const KeptNotes& notes = states_[stand_in(link.node)].notes;
    if (notes && (parts.empty() || parts.back() != notes)) parts.push_back(notes);
  }
  if (own.empty() && parts.size() <= 1) return parts.empty() ? nullptr : parts.front();

  if (!own.empty()) parts.push_back(std::make_shared<const std::vector<KeptNote>>(std::move(own)));
  std::vector<KeptNote> all;
  std::set<std::pair<ContentHash, std::string_view>> seen;  // what comes by two ways counts once
  for (const KeptNotes& part : parts) {
    for (const KeptNote& note : *part) {
      if (seen.emplace(note.producer, note.key).second) all.push_back(note);
    }
  }
  return std::make_shared<const std::vector<KeptNote>>(std::move(all));
}

std::vector<Note> Run::ancestor_notes(PlanIndex i) { return with_ids(notes_of_sources(i, {})); }

std::vector<Note> Run::with_ids(const KeptNotes& notes) {
  if (!notes) return {};
  std::call_once(producers_once_, [this] {
    for (PlanIndex i = 0; i < plan_.size(); ++i) producers_.try_emplace(key(i), i);
  });
  std::vector<Note> named;
  for (const KeptNote& note : *notes) {
    const auto producer = producers_.find(note.producer);
    assert(producer != producers_.end() && "a note belongs to an ancestor, and ancestors are in the plan");
    named.push_back({.node = plan_.id(producer->second), .key = note.key, .fact = note.fact});
  }
  return named;
}

// ---- What came of it ----

RunResult Run::result() {
  RunResult result{.ok = true};
  for (const PlanIndex i : plan_.wanted()) {
    const NodeResult& node = result.nodes.try_emplace(plan_.id(i), result_of(i)).first->second;
    result.ok =
        result.ok && (node.state == NodeResult::State::Cached || node.state == NodeResult::State::Finished);
  }
  for (const PlanIndex i : unfinished()) {
    result.cancelled = result.cancelled || phases_[i] == Phase::Cancelled;
    result.nodes.try_emplace(plan_.id(i), result_of(i));
  }
  for (const SkippedNode& node : left_out_)
    result.nodes.try_emplace(node.node, NodeResult{.state = NodeResult::State::Skipped});
  for (const auto& [i, problem] : problems_) result.problems.push_back(problem);
  if (!states_.empty()) {
    for (const PlanIndex i : plan_.wanted()) release_reader(stand_in(i));
  }
  return result;
}

NodeResult Run::result_of(PlanIndex i) {
  NodeResult node{.state = state_of(i)};
  KeptNotes notes;
  if (phases_[i] == Phase::Cached) {
    node.outputs = hit(i).outputs;
    notes = hit(i).notes;
  } else if (const PlanIndex source = stand_in(i); phases_[source] == Phase::Finished) {
    node.outputs.assign(values(source).begin(), values(source).end());
    notes = states_[source].notes;
  } else if (const auto problem = problems_.find(source); problem != problems_.end()) {
    node.problems = {problem->second};
  }
  if (!notes) return node;
  for (const KeptNote& note : *notes) {
    if (note.producer == key(i))
      node.notes.push_back({.node = plan_.id(i), .key = note.key, .fact = note.fact});
  }
  return node;
}

NodeResult::State Run::state_of(PlanIndex i) const {
  const bool twin = phases_[i] == Phase::Twin;
  switch (phases_[stand_in(i)]) {
    case Phase::Finished:
      return twin ? NodeResult::State::Cached : NodeResult::State::Finished;
    case Phase::Failed:
      return twin ? NodeResult::State::Skipped : NodeResult::State::Failed;
    case Phase::Skipped:
      return NodeResult::State::Skipped;
    case Phase::Cancelled:
      return NodeResult::State::Cancelled;
    default:
      return NodeResult::State::Cached;
  }
}

const CachedResult& Run::hit(PlanIndex i) const {
  return *std::ranges::lower_bound(hits_, i, std::ranges::greater{}, &Hit::node)->result;
}

std::unordered_set<PlanIndex> Run::unfinished() const {
  std::unordered_set<PlanIndex> found;
  for (PlanIndex i = 0; i < plan_.size(); ++i) {
    if (phases_[i] >= Phase::Failed) found.insert(i);
  }
  return found;
}

}  // namespace weft
