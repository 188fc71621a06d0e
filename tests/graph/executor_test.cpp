#include <atomic>
#include <stdexcept>
#include <thread>

#include "base/error_text.h"
#include "tests/graph/toy_nodes.h"

namespace weft::toy {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ExecutorRuns : public Stage {};

TEST_F(ExecutorRuns, OnlyWhatTheWantedNodesNeed) {
  node("a");
  node("b", {"a"});
  node("not needed", {"a"});
  const RunResult result = run({"b"});
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(number(result, "b"), 1000 + 2000);
  EXPECT_EQ(ran(), (Ids{"a", "b"}));
  EXPECT_THAT(result.nodes, SizeIs(1));
}

TEST_F(ExecutorRuns, ANodeBetweenTwoCallsOfTheWatchOnItsThread) {
  struct Watch final : NodeWatch {
    void enter(const std::string& node, const NodeInfo& type) override {
      said.push_back("enter " + node + " " + type.id);
      thread = std::this_thread::get_id();
    }
    void leave(std::span<const Value> outputs) override {
      EXPECT_EQ(thread, std::this_thread::get_id());
      said.push_back("leave with " + std::to_string(outputs.size()));
    }
    std::vector<std::string> said;
    std::thread::id thread;
  } watch;
  node("a");
  node("bad", {"a"});
  act("bad", [](RunContext&) { throw NodeError("the well is dry"); });
  options = {.light_workers = 1, .watch = &watch};
  run({"bad"});
  EXPECT_THAT(watch.said,
      ElementsAre(
          "enter a " + graph.node("a").type, "leave with 1", "enter bad " + graph.node("bad").type, "leave with 0"));
}

TEST_F(ExecutorRuns, TheSharedAncestorOfADiamondOnce) {
  node("top");
  node("left", {"top"});
  node("right", {"top"});
  node("bottom", {"left", "right"});
  EXPECT_EQ(number(run({"bottom"}), "bottom"), 2 * 1000 + 2000 + 3000 + 4000);
  EXPECT_EQ(ran(), (Ids{"top", "left", "right", "bottom"}));
}

TEST_F(ExecutorRuns, NodesOfEqualContentOnce) {
  node("a");
  GraphNode copy = graph.node("a");
  copy.id = "copy of a";
  graph.add(copy);
  node("b", {"a", "copy of a"});
  EventLog log;
  const RunResult result = run({"b", "copy of a"}, log.observer());
  EXPECT_EQ(number(result, "b"), 2 * 1000 + 2000);
  EXPECT_EQ(number(result, "copy of a"), 1000);
  EXPECT_THAT(ran(), SizeIs(2));
  EXPECT_EQ(log.names["a"].size() + log.names["copy of a"].size(), 5u) << "queued, started, finished; queued, cached";
}

TEST_F(ExecutorRuns, LinksOfOneInputInTheirOrder) {
  std::vector<std::string> sources;
  for (int i = 9; i >= 0; --i) {
    sources.push_back(numbered("s", i));
    node(sources.back());
  }
  node("all", sources);
  std::vector<std::int64_t> seen;
  act("all", [&](RunContext& ctx) {
    for (const Value& value : ctx.inputs(0)) seen.push_back(value.as<std::int64_t>());
  });
  EXPECT_TRUE(run({"all"}).ok);
  EXPECT_THAT(seen, ElementsAre(1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10000));
}

class AddFloats final : public Node {
  Input<double> a_{*this, "a"};
  Input<double> b_{*this, "b", {.optional = true}};
  Param<float> c_{*this, "c", {.init = 0.5f}};
  Output<double> out_{*this, "out"};
  void run(RunContext& ctx) const override {
    ctx.set(out_, ctx[a_] + (ctx.has(b_) ? ctx[b_] : 0.0) + static_cast<double>(ctx[c_]));
  }
};

TEST_F(ExecutorRuns, WithAWholeNumberWhereAFloatIsAsked) {
  registry.add<AddFloats>("toy.floats", {});
  node("a");
  node("b");
  graph.add({.id = "sum",
      .type = "toy.floats",
      .inputs = {{"a", Links{{"a", "out"}}}, {"b", Links{{"b", "out"}}}, {"c", Links{{"b", "out"}}}}});
  EXPECT_EQ(run({"sum"}).nodes.at("sum").outputs.at(0).as<double>(), 1000.0 + 2000 + 2000);
}

TEST_F(ExecutorRuns, WithoutAnOptionalInput) {
  registry.add<AddFloats>("toy.floats", {});
  node("a");
  graph.add({.id = "sum", .type = "toy.floats", .inputs = {{"a", Links{{"a", "out"}}}}});
  EXPECT_EQ(run({"sum"}).nodes.at("sum").outputs.at(0).as<double>(), 1000.5);
}

TEST_F(ExecutorRuns, NothingOfARequestThatDoesNotValidate) {
  node("a");
  graph.set_input("a", "value", Literal("many"));
  node("b", {"a"});
  graph.set_input("b", "value", Literal("some"));
  try {
    run({"b"});
    FAIL() << "should have thrown";
  } catch (const GraphError& error) {
    EXPECT_THAT(error.problems(), SizeIs(2));
  }
  EXPECT_THAT(ran(), IsEmpty());
  EXPECT_THROW(run({"nobody"}), GraphError);
}

TEST_F(ExecutorRuns, WhatIsLeftAtTheEndIfNothingIsNamed) {
  node("a");
  node("b", {"a"});
  node("c", {"a"});
  const RunResult result = run({});
  EXPECT_THAT(result.nodes, SizeIs(2));
  EXPECT_TRUE(run({}).ok);
  EXPECT_EQ(ran(), (Ids{"a", "b", "c"}));
}

TEST_F(ExecutorRuns, AChainOf100000Nodes) {
  std::vector<GraphNode> nodes;
  for (int i = 0; i < 100'000; ++i) {
    GraphNode node{.id = numbered("n", i), .type = "toy.light"};
    node.inputs["value"] = 1;
    if (i > 0) node.inputs["in"] = Links{{numbered("n", i - 1), "out"}};
    nodes.push_back(std::move(node));
  }
  graph.add_all(std::move(nodes));
  EXPECT_EQ(number(run({"n99999"}), "n99999"), 100'000);
  EXPECT_THAT(ran(), SizeIs(100'000));
  graph.set_input("n0", "value", 2);
  act("n0", [](RunContext&) { throw NodeError("no"); });
  EXPECT_THAT(run({"n99999"}).nodes, SizeIs(100'000)) << "failed and skipped";
}

TEST_F(ExecutorRuns, FromTwoThreadsOneAfterTheOther) {
  std::atomic<int> inside = 0;
  for (const char* id : {"a", "b"}) {
    node(id);
    act(id, [&](RunContext&) {
      EXPECT_EQ(++inside, 1);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      --inside;
    });
  }
  executor();
  std::jthread other([&] { EXPECT_TRUE(run({"a"}).ok); });
  EXPECT_TRUE(run({"b"}).ok);
}

class ExecutorLanes : public Stage {};

TEST_F(ExecutorLanes, IndependentBranchesRunAtTheSameTime) {
  Meeting meeting(2);
  for (const char* id : {"left", "right"}) {
    node(id);
    act(id, [&](RunContext&) { EXPECT_TRUE(meeting.arrive_and_wait()); });
  }
  node("both", {"left", "right"});
  EXPECT_TRUE(run({"both"}).ok);
}

TEST_F(ExecutorLanes, AHeavyNodeALightAndAnIoNodeRunAtTheSameTime) {
  Meeting meeting(3);
  for (const char* kind : {"heavy", "light", "io"}) {
    node(kind, {}, std::string("toy.") + kind);
    act(kind, [&](RunContext&) { EXPECT_TRUE(meeting.arrive_and_wait()); });
  }
  EXPECT_TRUE(run({"heavy", "light", "io"}).ok);
}

TEST_F(ExecutorLanes, AsManyLightNodesAsThereAreWorkers) {
  // Each of the branches comes up while another thread is busy, so that threads must be called for one by
  // one.
  options.light_workers = 4;
  Meeting meeting(4);
  node("root");
  std::vector<std::string> branches;
  for (int i = 0; i < 4; ++i) {
    const std::string id = numbered("branch", i);
    node(numbered("stem", i), {"root"});
    node(id, {numbered("stem", i)});
    act(id, [&](RunContext&) { EXPECT_TRUE(meeting.arrive_and_wait()); });
    branches.push_back(id);
  }
  EXPECT_TRUE(run(branches).ok);
}

TEST_F(ExecutorLanes, HeavyNodesRunOneAtATimeOnOneThread) {
  std::atomic<int> inside = 0;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::vector<std::string> ids;
  for (int i = 0; i < 8; ++i) {
    const std::string id = numbered("h", i);
    ids.push_back(id);
    node(numbered("l", i));
    node(id, {numbered("l", i)}, "toy.heavy");
    act(id, [&](RunContext&) {
      EXPECT_EQ(++inside, 1);
      std::this_thread::yield();
      --inside;
      const std::scoped_lock lock(mutex);
      threads.insert(std::this_thread::get_id());
    });
  }
  EXPECT_TRUE(run(ids).ok);
  EXPECT_THAT(threads, SizeIs(1));
}

TEST_F(ExecutorLanes, AChainOfLightNodesStaysOnTheCallersThread) {
  node("a");
  node("b", {"a"});
  node("c", {"b"});
  for (const char* id : {"a", "b", "c"}) {
    act(id, [caller = std::this_thread::get_id()](RunContext&) { EXPECT_EQ(std::this_thread::get_id(), caller); });
  }
  EXPECT_TRUE(run({"c"}).ok);
}

class ExecutorCache : public Stage {
 protected:
  void SetUp() override {
    node("a");
    node("b", {"a"});
    node("c", {"a"});
    node("d", {"b", "c"});
    run({"d"});
    ran();
  }
};

TEST_F(ExecutorCache, RunsNothingTwice) {
  const RunResult result = run({"d", "b"});
  EXPECT_TRUE(result.ok);
  EXPECT_EQ(number(result, "d"), 2 * 1000 + 2000 + 3000 + 4000);
  EXPECT_EQ(result.nodes.at("d").state, State::Cached);
  EXPECT_THAT(ran(), IsEmpty());
}

TEST_F(ExecutorCache, AChangedParamRunsExactlyItsDescendants) {
  graph.set_input("b", "value", 7);
  EXPECT_EQ(number(run({"d"}), "d"), 2 * 1000 + 7 + 3000 + 4000);
  EXPECT_EQ(ran(), (Ids{"b", "d"}));
  graph.set_input("b", "value", 2000);
  EXPECT_TRUE(run({"d"}).ok);
  EXPECT_THAT(ran(), IsEmpty()) << "what it was before is still known";
}

TEST_F(ExecutorCache, AnotherLinkRunsExactlyItsDescendants) {
  graph.set_input("d", "in", Links{{"c", "out"}, {"b", "out"}});
  EXPECT_TRUE(run({"d"}).ok);
  EXPECT_EQ(ran(), Ids{"d"}) << "the order of links counts";
}

TEST_F(ExecutorCache, OutlivesTheRenamingOfAllNodes) {
  for (const char* id : {"a", "b", "c", "d"}) graph.rename(id, std::string("new ") + id);
  for (const char* id : {"a", "b", "c", "d"}) graph.set_title(std::string("new ") + id, "a title");
  EXPECT_TRUE(run({"new d", "new a"}).ok);
  EXPECT_THAT(ran(), IsEmpty());
}

TEST_F(ExecutorCache, ADefaultThatIsWrittenOutIsTheDefault) {
  graph.add({.id = "silent", .type = "toy.light", .inputs = {{"in", Links{{"a", "out"}}}}});
  run({"silent"});
  ran();
  graph.set_input("silent", "value", 0);
  EXPECT_TRUE(run({"silent"}).ok);
  EXPECT_THAT(ran(), IsEmpty());
}

TEST_F(ExecutorCache, DoesNotCoverNodesThatMustAlwaysRun) {
  node("e", {"d"}, "toy.never");
  node("f", {"e"});
  run({"f"});
  EXPECT_EQ(ran(), (Ids{"e", "f"}));
  EXPECT_TRUE(run({"f"}).ok);
  EXPECT_EQ(ran(), (Ids{"e", "f"})) << "f may read something new";
}

TEST_F(ExecutorCache, KeepsNothingThatCanNeverBeAskedForAgain) {
  const std::uint64_t held = executor().ledger().held_by_results();
  node("e", {"d"}, "toy.never");
  node("f", {"e"});
  run({"f"});
  EXPECT_EQ(executor().ledger().held_by_results(), held);
}

class TwoNumbers final : public Node {
  Output<std::int64_t> one_{*this, "one"};
  Output<std::int64_t> two_{*this, "two"};
  void run(RunContext& ctx) const override {
    ctx.set(one_, std::int64_t{1});
    ctx.set(two_, std::int64_t{2});
  }
};

TEST_F(ExecutorCache, TellsTheOutputsOfANodeApart) {
  registry.add<TwoNumbers>("toy.two", {});
  graph.add({.id = "two", .type = "toy.two"});
  graph.add({.id = "sum", .type = "toy.light", .inputs = {{"in", Links{{"two", "one"}}}}});
  EXPECT_EQ(number(run({"sum"}), "sum"), 1);
  graph.set_input("sum", "in", Links{{"two", "two"}});
  EXPECT_EQ(number(run({"sum"}), "sum"), 2);
}

/// Holds what must go with its last reader.
struct Heavy {
  static constexpr std::string_view kType = "toy_heavy";
  std::shared_ptr<int> held;
};

class HeavyAndLight final : public Node {
 public:
  explicit HeavyAndLight(std::shared_ptr<std::weak_ptr<int>> seen) : seen_(std::move(seen)) {}

 private:
  std::shared_ptr<std::weak_ptr<int>> seen_;
  Output<Heavy> heavy_{*this, "heavy"};
  Output<std::int64_t> light_{*this, "light"};
  void run(RunContext& ctx) const override {
    const Heavy made{std::make_shared<int>(1)};
    *seen_ = made.held;
    ctx.set(heavy_, made);
    ctx.set(light_, std::int64_t{2});
  }
};

class ReadsHeavy final : public Node {
  Input<Heavy> heavy_{*this, "heavy"};
  Output<std::int64_t> out_{*this, "out"};
  void run(RunContext& ctx) const override { ctx.set(out_, std::int64_t{*ctx[heavy_].held}); }
};

TEST_F(ExecutorRuns, AnOutputGoesWithItsOwnLastReaderWhereNothingIsCached) {
  options.cache_bytes = 0;
  const auto held = std::make_shared<std::weak_ptr<int>>();
  registry.add_type({.id = "toy_heavy", .title = "Heavy", .colour = "#ffffff"});
  registry.add_node("toy.both", {}, std::make_unique<HeavyAndLight>(held));
  registry.add<ReadsHeavy>("toy.reads_heavy", {});
  graph.add({.id = "both", .type = "toy.both"});
  graph.add({.id = "reads", .type = "toy.reads_heavy", .inputs = {{"heavy", Links{{"both", "heavy"}}}}});
  graph.add({.id = "later", .type = "toy.light", .inputs = {{"in", Links{{"both", "light"}, {"reads", "out"}}}}});
  bool gone = false;
  act("later", [&](RunContext&) { gone = held->expired(); });
  EXPECT_EQ(number(run({"later"}), "later"), 3);
  EXPECT_TRUE(gone);
}

TEST_F(ExecutorCache, MissesWhatAFingerprintSaysIsNew) {
  script->fingerprints["c"] = "version 1";
  EXPECT_TRUE(run({"d"}).ok);
  EXPECT_EQ(ran(), (Ids{"c", "d"}));
  EXPECT_TRUE(run({"d"}).ok);
  EXPECT_THAT(ran(), IsEmpty());
  script->fingerprints["c"] = "version 2";
  EXPECT_TRUE(run({"d"}).ok);
  EXPECT_EQ(ran(), (Ids{"c", "d"}));
}

TEST_F(ExecutorCache, MissesAnotherDtype) {
  environment.dtype = "bfloat16";
  EXPECT_TRUE(run({"d"}).ok);
  EXPECT_THAT(ran(), SizeIs(4));
  environment.output_folder = "elsewhere";
  EXPECT_TRUE(run({"d"}).ok);
  EXPECT_THAT(ran(), IsEmpty());
}

TEST_F(ExecutorCache, IsEmptyAfterItWasCleared) {
  EXPECT_GT(executor().ledger().held(Device{}), 0u);
  executor().clear_cache();
  EXPECT_EQ(executor().ledger().held(Device{}), 0u);
  EXPECT_TRUE(run({"d"}).ok);
  EXPECT_THAT(ran(), SizeIs(4));
}

TEST_F(ExecutorCache, LooksAtNothingBehindWhatItHolds) {
  EventLog log;
  run({"d"}, log.observer());
  EXPECT_THAT(log.names["d"], ElementsAre("node_queued", "node_cached"));
  EXPECT_EQ(log.names.count("a"), 0u);
}

TEST_F(ExecutorCache, SaysWhyANodeRunsAgain) {
  EventLog log;
  const auto why = [&](const std::string& id) {
    log.why.clear();
    run({"d"}, log.observer());
    return log.why[id];
  };
  graph.set_input("b", "value", 7);
  EXPECT_EQ(why("b"), "not cached: param 'value' changed");
  graph.set_input("b", "value", 8);
  EXPECT_EQ(why("d"), "not cached: input 'in' changed");
  script->fingerprints["c"] = "new";
  EXPECT_EQ(why("c"), "not cached: fingerprint changed");
  environment.dtype = "float16";
  EXPECT_EQ(why("a"), "not cached: dtype of the run changed");
  executor().clear_cache();
  EXPECT_EQ(why("a"), "not cached: its result was evicted");

  GraphNode other = graph.node("c");
  other.type = "toy.revised";
  graph.remove("c");
  graph.add(other);
  graph.set_input("d", "in", Links{{"c", "out"}});
  EXPECT_EQ(why("c"), "not cached: type changed from toy.light to toy.revised");

  node("e", {}, "toy.never");
  node("f");
  run({"e", "f"}, log.observer());
  EXPECT_EQ(log.why["e"], "never cached");
  EXPECT_EQ(log.why["f"], "not cached: first run");
  act("f", [](RunContext&) { throw NodeError("no"); });
  graph.set_input("f", "value", 5);
  run({"f"});
  run({"f"}, log.observer());
  EXPECT_EQ(log.why["f"], "not cached: its last run did not finish");
}

/// Reads a file by name; says when the file changes.
class ReadFile final : public Node {
  Param<std::string> file_{*this, "file", {.required = true}};
  Output<std::string> out_{*this, "text"};
  void run(RunContext& ctx) const override { ctx.set(out_, "text of " + ctx[file_]); }
  std::string fingerprint(const RunContext& params) const override {
    if (params[file_] == "missing.txt") throw NodeError("there is no file 'missing.txt'", "choose another");
    return "time of " + params[file_];
  }
};

class NameFile final : public Node {
  Output<std::string> out_{*this, "name"};
  void run(RunContext& ctx) const override { ctx.set(out_, std::string("a.txt")); }
};

TEST_F(ExecutorCache, AFingerprintThatFailsFailsItsNode) {
  registry.add<ReadFile>("toy.read", {});
  graph.add({.id = "file", .type = "toy.read", .inputs = {{"file", "missing.txt"}}});
  const RunResult result = run({"file", "d"});
  EXPECT_FALSE(result.ok);
  ASSERT_THAT(result.problems, SizeIs(1));
  EXPECT_EQ(result.problems[0].text(), "node \"file\": toy.read: there is no file 'missing.txt': choose another");
  EXPECT_EQ(result.nodes.at("d").state, State::Cached);
}

TEST_F(ExecutorCache, AFingerprintOfALinkedParamIsNotKnownSoTheNodeRuns) {
  registry.add<ReadFile>("toy.read", {});
  registry.add<NameFile>("toy.name", {});
  graph.add({.id = "name", .type = "toy.name"});
  graph.add({.id = "file", .type = "toy.read", .inputs = {{"file", Links{{"name", "name"}}}}});
  run({"file"});
  EventLog log;
  const RunResult result = run({"file"}, log.observer());
  EXPECT_EQ(result.nodes.at("file").outputs.at(0).as<std::string>(), "text of a.txt");
  EXPECT_EQ(log.why["file"], "never cached: its fingerprint needs a param that is linked");
  EXPECT_THAT(log.names["name"], ElementsAre("node_queued", "node_cached"));
}

class ExecutorFailures : public Stage {
 protected:
  // bad -> child -> grandchild, good -> fine, and both -> join
  void SetUp() override {
    node("bad");
    node("child", {"bad"});
    node("grandchild", {"child"});
    node("good");
    node("fine", {"good"});
    node("join", {"fine", "child"});
  }
  Problem problem_of(const Act& bad) {
    act("bad", bad);
    const RunResult result = run({"bad"});
    EXPECT_EQ(result.nodes.at("bad").state, State::Failed);
    return result.nodes.at("bad").problems.at(0);
  }
};

TEST_F(ExecutorFailures, FailDescendantsOnly) {
  act("bad", [](RunContext&) { throw NodeError("is broken", "mend it"); });
  EventLog log;
  const RunResult result = run({"grandchild", "fine", "join"}, log.observer());
  EXPECT_FALSE(result.ok);
  EXPECT_FALSE(result.cancelled);
  ASSERT_THAT(result.problems, SizeIs(1));
  EXPECT_EQ(result.problems[0].text(), "node \"bad\": toy.light: is broken: mend it");
  EXPECT_EQ(result.nodes.at("bad").state, State::Failed);
  EXPECT_EQ(result.nodes.at("child").state, State::Skipped);
  EXPECT_EQ(result.nodes.at("grandchild").state, State::Skipped);
  EXPECT_EQ(result.nodes.at("join").state, State::Skipped);
  EXPECT_EQ(result.nodes.at("fine").state, State::Finished);
  EXPECT_EQ(number(result, "fine"), 4000 + 5000);
  EXPECT_EQ(log.because_of["grandchild"], "bad");
  EXPECT_EQ(log.because_of["join"], "bad");

  act("bad", {});
  ran();
  EXPECT_TRUE(run({"grandchild", "fine", "join"}).ok);
  EXPECT_EQ(ran(), (Ids{"bad", "child", "grandchild", "join"})) << "the others' results were kept";
}

/// A runtime whose library throws errors with a long tail.
class TerseRuntime final : public DeviceRuntime, public ErrorText {
 public:
  std::vector<Device> devices() const override { return cpu_->devices(); }
  DeviceMemory memory(const Device& device) const override { return cpu_->memory(device); }
  StreamId create_stream(const Device& device) override { return cpu_->create_stream(device); }
  void destroy_stream(const Device& device, StreamId stream) override { cpu_->destroy_stream(device, stream); }
  void use_stream(const Device& device, StreamId stream) override { cpu_->use_stream(device, stream); }
  EventId record(const Device& device, StreamId stream) override { return cpu_->record(device, stream); }
  void wait(const Device& device, StreamId s, EventId event) override { cpu_->wait(device, s, event); }
  void synchronize(const Device& device, EventId event) override { cpu_->synchronize(device, event); }
  void forget(const Device& device, EventId event) override { cpu_->forget(device, event); }
  void trim(const Device& device) override { cpu_->trim(device); }
  std::string text_of(const std::exception& error) const override {
    const std::string whole = error.what();
    return whole.substr(0, whole.find('\n'));
  }

 private:
  std::unique_ptr<DeviceRuntime> cpu_ = make_cpu_runtime();
};

TEST_F(ExecutorFailures, SayWhatTheRuntimeMakesOfAnError) {
  runtime = std::make_shared<TerseRuntime>();
  node("a");
  act("a", [](RunContext&) { throw std::runtime_error("wrong shapes\nframe #0: here\nframe #1: there"); });
  EXPECT_EQ(run({"a"}).problems.front().what, "toy.light: wrong shapes");
}

TEST_F(ExecutorFailures, AreNamedWhateverIsThrown) {
  EXPECT_THAT(problem_of([](RunContext&) { throw std::runtime_error("oh"); }).text(), HasSubstr("toy.light: oh"));
  EXPECT_THAT(problem_of([](RunContext&) { throw 42; }).text(), HasSubstr("no std::exception"));
  EXPECT_THAT(problem_of([](RunContext&) { throw Cancelled{}; }).text(), HasSubstr("nobody asked for a cancel"));
}

class Forgetful final : public Node {
  Param<bool> wrong_{*this, "wrong_type", {}};
  Output<std::int64_t> out_{*this, "out"};
  void run(RunContext& ctx) const override {
    if (ctx[wrong_]) ctx.set_output(out_.index, Value::of(std::string("text")));
  }
};

TEST_F(ExecutorFailures, AnOutputThatIsNotSetIsOne) {
  registry.add<Forgetful>("toy.forgetful", {});
  graph.add({.id = "f", .type = "toy.forgetful"});
  const Problem problem = run({"f"}).problems.at(0);
  EXPECT_EQ(problem.node, "f");
  EXPECT_EQ(problem.port, "out");
  EXPECT_THAT(problem.what, HasSubstr("did not set its output 'out'"));
}

TEST_F(ExecutorFailures, AnOutputOfAnotherTypeIsOne) {
  registry.add<Forgetful>("toy.forgetful", {});
  graph.add({.id = "f", .type = "toy.forgetful", .inputs = {{"wrong_type", true}}});
  EXPECT_THAT(run({"f"}).problems.at(0).what, HasSubstr("to a value of type 'string', it is declared as 'int'"));
}

TEST_F(ExecutorFailures, APluginThatCannotBeLoadedFailsItsNodesOnly) {
  NodeInfo info = *registry.find("toy.light");
  info.id = "toy.lazy";
  registry.add_lazy(info, []() -> const Node& { throw PluginError("libtoy.so is not there"); });
  node("lazy", {}, "toy.lazy");
  const RunResult result = run({"lazy", "fine"});
  EXPECT_THAT(result.problems.at(0).text(), HasSubstr("libtoy.so is not there"));
  EXPECT_EQ(result.nodes.at("fine").state, State::Finished);
}

/// One that adds a number of its own: what a plugin's build makes of it.
class Adds final : public Node {
 public:
  explicit Adds(std::int64_t number, std::function<void()> meanwhile = {})
      : number_(number), meanwhile_(std::move(meanwhile)) {}

  void run(RunContext& ctx) const override {
    if (meanwhile_) meanwhile_();
    ctx.set(out_, ctx[in_] + number_);
  }

 private:
  const std::int64_t number_;
  const std::function<void()> meanwhile_;
  Param<std::int64_t> in_{*this, "in"};
  Output<std::int64_t> out_{*this, "out"};
};

TEST(ExecutorAndPlugins, APluginMayBeReplacedWhileItsNodesRun) {
  Registry registry;
  const auto add = [&](std::unique_ptr<const Node> node) {
    registry.set_current_plugin("adder");
    registry.add_node("adder.add", {}, std::move(node));
  };
  const auto replace = [&] {
    registry.remove_plugin("adder");
    add(std::make_unique<Adds>(100));
  };
  add(std::make_unique<Adds>(1, replace));
  Graph graph;
  graph.add({.id = "a", .type = "adder.add"});
  graph.add({.id = "b", .type = "adder.add", .inputs = {{"in", Links{{"a", "out"}}}}});
  const auto runtime = make_cpu_runtime();
  Executor executor(registry, *runtime);
  const auto result = [&] {
    const RunResult ran = executor.run({.graph = graph, .wanted = {"a"}});
    EXPECT_TRUE(ran.ok);
    return ran.nodes.at("a").outputs.at(0).as<std::int64_t>();
  };
  EXPECT_EQ(result(), 1) << "the run goes on with what it began with";
  EXPECT_EQ(result(), 100) << "and the next one has the new code, not the old result";
  EXPECT_EQ(result(), 100);
}

class ExecutorCancel : public Stage {};

TEST_F(ExecutorCancel, LandsAtTheNextStepOfTheRunningNodeAndBeforeTheWaitingOnes) {
  std::stop_source stop;
  int steps = 0;
  node("before");
  node("running", {"before"}, "toy.heavy");
  act("running", [&](RunContext& ctx) {
    for (int i = 0; i < 1000; ++i) {
      ctx.progress(i, 1000);
      ++steps;
      if (i == 3) stop.request_stop();
    }
  });
  node("after", {"running"});
  node("queued", {"before"}, "toy.heavy");
  EventLog log;
  const RunResult result = run({"after", "queued", "before"}, log.observer(), stop.get_token());
  EXPECT_EQ(steps, 4);
  EXPECT_TRUE(result.cancelled);
  EXPECT_FALSE(result.ok);
  EXPECT_THAT(result.problems, IsEmpty()) << "a cancel is no error";
  EXPECT_EQ(result.nodes.at("before").state, State::Finished);
  EXPECT_EQ(result.nodes.at("running").state, State::Cancelled);
  EXPECT_EQ(result.nodes.at("after").state, State::Cancelled);
  EXPECT_EQ(result.nodes.at("queued").state, State::Cancelled);
  EXPECT_EQ(ran(), (Ids{"before", "running"}));
  EXPECT_THAT(log.names["queued"], ElementsAre("node_queued", "node_cancelled"));
}

TEST_F(ExecutorCancel, LandsInAllRunningNodes) {
  std::stop_source stop;
  Meeting meeting(3);
  for (const char* id : {"a", "b", "c"}) {
    node(id);
    act(id, [&](RunContext& ctx) {
      EXPECT_TRUE(meeting.arrive_and_wait());
      stop.request_stop();
      ctx.progress(1, 2);
      ADD_FAILURE() << "should have been cancelled";
    });
  }
  EXPECT_TRUE(run({"a", "b", "c"}, {}, stop.get_token()).cancelled);
}

TEST_F(ExecutorCancel, MayComeFromTheObserver) {
  std::stop_source stop;
  int steps = 0;
  node("a");
  act("a", [&](RunContext& ctx) {
    for (;; ++steps) ctx.progress(steps, 100);
  });
  const Observer observer = [&](const Event& event) {
    const auto* progress = std::get_if<NodeProgress>(&event.kind);
    if (progress && progress->done == 5) stop.request_stop();
  };
  EXPECT_TRUE(run({"a"}, observer, stop.get_token()).cancelled);
  EXPECT_EQ(steps, 5);
}

TEST_F(ExecutorCancel, CannotBeHiddenByTheNode) {
  std::stop_source stop;
  node("polite");
  act("polite", [&](RunContext& ctx) {
    stop.request_stop();
    try {
      ctx.progress(0, 1);
    } catch (const std::exception&) {
      ADD_FAILURE() << "Cancelled is no std::exception";
    }
  });
  node("stubborn");
  act("stubborn", [&](RunContext& ctx) {
    stop.request_stop();
    try {
      ctx.progress(0, 1);
    } catch (...) {
      throw std::runtime_error("something went wrong");
    }
  });
  const RunResult polite = run({"polite"}, {}, stop.get_token());
  EXPECT_TRUE(polite.cancelled);
  stop = std::stop_source();
  const RunResult stubborn = run({"stubborn"}, {}, stop.get_token());
  EXPECT_TRUE(stubborn.cancelled);
  EXPECT_THAT(stubborn.problems, IsEmpty());
}

TEST_F(ExecutorCancel, BeforeTheRunRunsNothing) {
  std::stop_source stop;
  stop.request_stop();
  node("a");
  node("b", {"a"});
  EXPECT_TRUE(run({"b"}, {}, stop.get_token()).cancelled);
  EXPECT_THAT(ran(), IsEmpty());
}

TEST_F(ExecutorCancel, ReachesARunThatWaitsForItsTurn) {
  Meeting started(2);
  std::stop_source stop_first, stop_second;
  node("a");
  act("a", [&](RunContext& ctx) {
    started.arrive_and_wait();
    for (;;) ctx.progress(0, 1);
  });
  executor();
  std::jthread first([&] { EXPECT_TRUE(run({"a"}, {}, stop_first.get_token()).cancelled); });
  EXPECT_TRUE(started.arrive_and_wait());
  std::jthread second([&] {
    EXPECT_TRUE(run({"a"}, {}, stop_second.get_token()).cancelled);
    stop_first.request_stop();
  });
  stop_second.request_stop();
}

class ExecutorEvents : public Stage {};

TEST_F(ExecutorEvents, ComeInOrderForEachNode) {
  options.previews = true;
  node("a");
  node("b", {"a"});
  act("b", [](RunContext& ctx) {
    ctx.progress(1, 2);
    EXPECT_TRUE(ctx.wants_preview());
    ctx.preview({.width = 1, .height = 1, .rgb = {1, 2, 3}});
    ctx.warn("careful");
    ctx.progress(2, 2);
  });
  node("c", {"b"});
  act("c", [](RunContext&) { throw NodeError("no"); });
  node("d", {"c"});
  EventLog log;
  run({"d"}, log.observer());
  EXPECT_THAT(log.names[""], ElementsAre("run_started", "run_finished"));
  EXPECT_THAT(log.names["a"], ElementsAre("node_queued", "node_started", "node_finished"));
  EXPECT_THAT(log.names["b"],
      ElementsAre("node_queued", "node_started", "node_progress", "node_preview", "node_warning", "node_progress",
          "node_finished"));
  EXPECT_THAT(log.names["c"], ElementsAre("node_queued", "node_started", "node_failed"));
  EXPECT_THAT(log.names["d"], ElementsAre("node_queued", "node_skipped"));
}

TEST_F(ExecutorEvents, CountWhatBecameOfTheNodes) {
  node("cached");
  run({"cached"});
  node("a", {"cached"});
  node("bad", {"a"});
  act("bad", [](RunContext&) { throw NodeError("no"); });
  node("skipped", {"bad"});
  RunStarted start{};
  RunFinished end{};
  run({"skipped"}, [&](const Event& event) {
    if (const auto* e = std::get_if<RunStarted>(&event.kind)) start = *e;
    if (const auto* e = std::get_if<RunFinished>(&event.kind)) end = *e;
  });
  EXPECT_EQ(start.nodes, 4u);
  EXPECT_EQ(end.ran, 1u);
  EXPECT_EQ(end.cached, 1u);
  EXPECT_EQ(end.failed, 1u);
  EXPECT_EQ(end.skipped, 1u);
}

TEST_F(ExecutorEvents, ComeOneAtATime) {
  std::vector<std::string> ids;
  for (int i = 0; i < 64; ++i) {
    ids.push_back(numbered("n", i));
    node(ids.back());
    act(ids.back(), [](RunContext& ctx) {
      for (int k = 0; k < 20; ++k) ctx.progress(k, 20);
    });
  }
  std::atomic<int> inside = 0;
  int count = 0;
  run(ids, [&](const Event&) {
    EXPECT_EQ(++inside, 1);
    ++count;
    --inside;
  });
  EXPECT_EQ(count, 2 + 64 * (3 + 20)) << "all were delivered before run() returned";
}

TEST_F(ExecutorEvents, AnObserverMayWaitForAnotherNode) {
  Meeting meeting(2);
  node("a");
  act("a", [](RunContext& ctx) { ctx.progress(1, 1); });
  node("b");
  act("b", [&](RunContext&) { EXPECT_TRUE(meeting.arrive_and_wait()); });
  EXPECT_TRUE(run({"a", "b"}, [&](const Event& event) {
    if (std::holds_alternative<NodeProgress>(event.kind)) {
      EXPECT_TRUE(meeting.arrive_and_wait());
    }
  }).ok);
}

TEST_F(ExecutorEvents, PreviewsAreNotWantedUnlessAskedFor) {
  node("a");
  act("a", [](RunContext& ctx) {
    EXPECT_FALSE(ctx.wants_preview());
    ctx.preview({});
  });
  EventLog log;
  run({"a"}, log.observer());
  EXPECT_THAT(log.names["a"], ElementsAre("node_queued", "node_started", "node_finished"));
}

TEST_F(ExecutorEvents, APreviewThatIsNoPictureIsAWarning) {
  options.previews = true;
  node("a");
  act("a", [](RunContext& ctx) { ctx.preview({.width = 2, .height = 2, .rgb = {1, 2, 3}}); });
  EventLog log;
  EXPECT_TRUE(run({"a"}, log.observer()).ok);
  EXPECT_THAT(log.names["a"], ElementsAre("node_queued", "node_started", "node_warning", "node_finished"));
}

class ExecutorNotes : public Stage {
 protected:
  static std::vector<std::string> texts(const std::vector<Note>& notes) {
    std::vector<std::string> texts;
    for (const Note& note : notes) texts.push_back(note.node + "." + note.key + "=" + note.fact.dump());
    return texts;
  }
};

TEST_F(ExecutorNotes, ReachAllDescendantsAlsoFromTheCache) {
  node("seed");
  act("seed", [](RunContext& ctx) { ctx.note("seed", 42); });
  node("left", {"seed"});
  node("right", {"seed"});
  act("right", [](RunContext& ctx) { ctx.note("side", "right"); });
  node("middle", {"left", "right"});
  node("save", {"middle"}, "toy.never");
  std::vector<std::string> seen;
  act("save", [&](RunContext& ctx) { seen = texts(ctx.ancestor_notes()); });

  run({"save"});
  EXPECT_THAT(seen, ElementsAre("seed.seed=42", "right.side=\"right\""));
  graph.rename("seed", "dice");
  const RunResult again = run({"save", "dice"});
  EXPECT_THAT(seen, ElementsAre("dice.seed=42", "right.side=\"right\"")) << "by the name that it has now";
  EXPECT_THAT(texts(again.nodes.at("dice").notes), ElementsAre("dice.seed=42"));
}

}  // namespace
}  // namespace weft::toy
