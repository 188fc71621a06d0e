// Toy nodes, and a small stage to run them on: what the executor's tests are written with.
//
// Every toy has inputs "in" (any number of numbers), a param "value", and an output "out" = value + sum of
// the inputs. A test may give a node a part to play by its id: `act("a", [](RunContext& ctx) { ... })`.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graph/executor.h"

namespace weft::toy {

/// "n7". (`"n" + std::to_string(7)` brings a false warning from g++ 12, PR 105651.)
inline std::string numbered(std::string name, int number) { return name += std::to_string(number); }

using Act = std::function<void(RunContext&)>;

/// Who plays which part, and who came on. Shared by the nodes of a stage; thread-safe.
struct Script {
  std::mutex mutex;
  std::map<std::string, Act> acts;
  std::vector<std::string> ran;
  std::map<std::string, std::string> fingerprints;

  Act enter(const std::string& id) {
    const std::scoped_lock lock(mutex);
    ran.push_back(id);
    const auto act = acts.find(id);
    return act == acts.end() ? Act() : act->second;
  }
};

class Toy final : public Node {
 public:
  explicit Toy(std::shared_ptr<Script> script) : script_(std::move(script)) {}

  void run(RunContext& ctx) const override {
    if (const Act act = script_->enter(ctx.node_id())) act(ctx);
    std::int64_t sum = ctx[value_];
    for (const std::int64_t* number : ctx.all(in_)) sum += *number;
    ctx.set(out_, sum);
  }

  std::string fingerprint(const RunContext& params) const override {
    const std::scoped_lock lock(script_->mutex);
    const auto found = script_->fingerprints.find(params.node_id());
    return found == script_->fingerprints.end() ? std::string() : found->second;
  }

 private:
  std::shared_ptr<Script> script_;
  Inputs<std::int64_t> in_{*this, "in", {.optional = true}};
  Param<std::int64_t> value_{*this, "value", {.init = 0}};
  Output<std::int64_t> out_{*this, "out"};
};

/// A place where `count` threads meet; false for those who waited in vain.
class Meeting {
 public:
  explicit Meeting(int count) : missing_(count) {}

  bool arrive_and_wait() {
    std::unique_lock lock(mutex_);
    if (--missing_ <= 0) all_here_.notify_all();
    return all_here_.wait_for(lock, std::chrono::seconds(20), [this] { return missing_ <= 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable all_here_;
  int missing_;
};

/// All events of a run, by node, as their names. Observers are called one at a time, so it needs no lock.
struct EventLog {
  std::map<std::string, std::vector<std::string>> names;  ///< "" for the run's own
  std::map<std::string, std::string> why;
  std::map<std::string, std::string> because_of;

  Observer observer() {
    return [this](const Event& event) {
      const std::string id(event.node);
      names[id].push_back(to_json(event)["event"]);
      if (const auto* started = std::get_if<NodeStarted>(&event.kind)) why[id] = started->why;
      if (const auto* skipped = std::get_if<NodeSkipped>(&event.kind)) because_of[id] = skipped->because_of;
    };
  }
};

class Stage : public testing::Test {
 protected:
  Stage() {
    const auto add = [&](const char* id, NodeOptions options) {
      registry.add_node(id, std::move(options), std::make_unique<Toy>(script));
    };
    add("toy.light", {});
    add("toy.io", {.lane = Lane::Io});
    add("toy.heavy", {.lane = Lane::Device});
    add("toy.never", {.cache = Cache::Never});
    add("toy.revised", {.revision = 2});
  }

  /// Adds a toy that reads `sources`. Its value is one that no other toy of this test has, so that no two are
  /// equal.
  void node(
      const std::string& id, const std::vector<std::string>& sources = {}, const std::string& type = "toy.light") {
    GraphNode node{.id = id, .type = type};
    node.inputs["value"] = ++last_value_ * 1000;
    Links links;
    for (const std::string& source : sources) links.push_back({source, "out"});
    if (!links.empty()) node.inputs["in"] = links;
    graph.add(std::move(node));
  }

  void act(const std::string& id, Act act) {
    const std::scoped_lock lock(script->mutex);
    script->acts[id] = std::move(act);
  }

  RunResult run(std::vector<std::string> wanted, const Observer& observer = {}, std::stop_token stop = {}) {
    return executor().run(
        {.graph = graph, .wanted = std::move(wanted), .environment = environment}, observer, std::move(stop));
  }

  /// Made on the first use, so that a test can set `options` and `runtime` before.
  Executor& executor() {
    if (!executor_) executor_ = std::make_unique<Executor>(registry, *runtime, options);
    return *executor_;
  }

  /// The nodes that ran since the last call.
  std::multiset<std::string> ran() {
    const std::scoped_lock lock(script->mutex);
    const std::vector<std::string> ran = std::exchange(script->ran, {});
    return {ran.begin(), ran.end()};
  }

  static std::int64_t number(const RunResult& result, const std::string& id) {
    return result.nodes.at(id).outputs.at(0).as<std::int64_t>();
  }

  std::shared_ptr<Script> script = std::make_shared<Script>();
  Registry registry;
  std::shared_ptr<DeviceRuntime> runtime = make_cpu_runtime();
  ExecutorOptions options{.light_workers = 4};
  RunEnvironment environment;
  Graph graph;

 private:
  std::unique_ptr<Executor> executor_;
  std::int64_t last_value_ = 0;
};

using Ids = std::multiset<std::string>;
using State = NodeResult::State;

}  // namespace weft::toy
