#include "runs/run_queue.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <future>

#include "graph/subgraph_edits.h"
#include "tests/graph/toy_nodes.h"
#include "tests/temporary_folder.h"

namespace weft::runs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using toy::Act;
using State = NodeRun::State;

constexpr OwnerId kOwner = 7;

/// Draws a number: what it gives is its seed.
class Dice final : public Node {
  Param<std::uint64_t> seed_{*this, "seed", {.widget = Widget::Seed}};
  Output<std::int64_t> out_{*this, "out"};
  void run(RunContext& ctx) const override { ctx.set(out_, static_cast<std::int64_t>(ctx[seed_])); }
};

/// Writes a file and says so, as image.save does.
class Save final : public Node {
  Inputs<std::int64_t> in_{*this, "in", {.optional = true}};
  Output<std::string> path_{*this, "path"};
  void run(RunContext& ctx) const override {
    const auto file = ctx.environment().output_folder / (ctx.node_id() + ".txt");
    write_text_file(file, ctx.environment().workflow.dump());
    ctx.preview({.width = 1, .height = 1, .rgb = {1, 2, 3}});
    ctx.set(path_, file.string());
  }
};

/// A plugin that breaks its promise: its output is not what it declares.
class Liar final : public Node {
  Output<std::int64_t> out_{*this, "out"};
  void run(RunContext& ctx) const override { ctx.set_output(out_.index, Value::of(std::string("text"))); }
};

/// A value that shows itself as `size` grey pixels in a row, item by item.
struct Greys {
  static constexpr std::string_view kType = "toy.greys";
  std::vector<std::uint8_t> greys;
};

class MakeGreys final : public Node {
  Output<Greys> out_{*this, "out"};
  void run(RunContext& ctx) const override { ctx.set(out_, Greys{{10, 20, 30}}); }
};

Picture pixel(const Value& value) {
  const std::uint8_t grey = value.as<Greys>().greys.front();
  return {.width = 1, .height = 1, .rgb = {grey, grey, grey}};
}

std::vector<Value> one_by_one(const Value& value) {
  std::vector<Value> items;
  for (const std::uint8_t grey : value.as<Greys>().greys) items.push_back(Value::of(Greys{{grey}}));
  return items;
}

/// Names an input file.
class Reader final : public Node {
  Param<std::string> file_{*this, "file", {.widget = Widget::File}};
  Output<std::int64_t> out_{*this, "out"};
  void run(RunContext& ctx) const override { ctx.set(out_, std::int64_t{5}); }
};

/// A gate that a node waits at, until the test opens it or the run is cancelled.
class Gate {
 public:
  Act act() {
    return [this](RunContext& ctx) {
      reached_.set_value();
      for (std::int64_t step = 0; !open_; ++step) {
        ctx.progress(std::min<std::int64_t>(step, 50), 100);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    };
  }
  bool wait_until_reached() {
    return reached_.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready;
  }
  void open() { open_ = true; }

 private:
  std::promise<void> reached_;
  std::atomic<bool> open_ = false;
};

class Queues : public testing::Test {
 protected:
  Queues() {
    for (const char* id : {"toy.light", "toy.heavy"})
      registry.add_node(id, {.lane = std::string(id) == "toy.heavy" ? Lane::Device : Lane::Light},
          std::make_unique<toy::Toy>(script));
    registry.add<Dice>("toy.dice", {});
    registry.add<Liar>("toy.liar", {});
    registry.add<Reader>("toy.reader", {});
    registry.add<Save>("toy.save", {.cache = Cache::Never, .result = true});
    options.runner.environment = [this](const std::filesystem::path&) {
      return RunEnvironment{.output_folder = folder.path()};
    };
    options.runner.light_workers = 2;
    workflow.graph.add({.id = "a", .type = "toy.light", .inputs = {{"value", 1}}});
    workflow.graph.add({.id = "b", .type = "toy.light", .inputs = {{"value", 2}, {"in", Links{{"a", "out"}}}}});
    workflow.graph.add({.id = "save", .type = "toy.save", .inputs = {{"in", Links{{"b", "out"}}}}});
  }

  JobRequest request(std::vector<std::string> wanted = {}) const {
    return {.owner = kOwner, .title = "test", .workflow = workflow, .wanted = std::move(wanted)};
  }
  /// The two nodes that add become an instance of a subgraph.
  void put_into_subgraph() { weft::apply(workflow, make_subgraph(workflow, "", {"a", "b"}, "sum", "sum")); }
  RunQueue& queue() {
    if (!queue_) queue_.emplace(registry, options);
    return *queue_;
  }
  void act(const std::string& id, Act what) {
    const std::scoped_lock lock(script->mutex);
    script->acts[id] = std::move(what);
  }
  std::shared_ptr<const RunState> done() {
    queue().wait_until_idle();
    return queue().state();
  }
  State state(const RunState& now, const std::string& id) const {
    const NodeRun* node = now.node(kOwner, id);
    return node ? node->state : State::Idle;
  }

  std::shared_ptr<toy::Script> script = std::make_shared<toy::Script>();
  Registry registry;
  TemporaryFolder folder;
  RunQueueOptions options;
  Workflow workflow;

 private:
  std::optional<RunQueue> queue_;
};

TEST_F(Queues, RunAWorkflowAndTellWhatBecameOfIt) {
  const JobId job = queue().add(request());
  const auto now = done();
  ASSERT_EQ(now->history.size(), 1u);
  EXPECT_EQ(now->history[0].id, job);
  EXPECT_EQ(now->history[0].state, Job::State::Done);
  EXPECT_EQ(now->history[0].fraction, 1);
  EXPECT_EQ(state(*now, "a"), State::Done);
  EXPECT_EQ(state(*now, "save"), State::Done);
  EXPECT_THAT(now->node(kOwner, "a")->why, HasSubstr("not cached"));
}

TEST_F(Queues, AskForNoFileOfAMutedNode) {
  workflow.graph.add(
      {.id = "reader", .type = "toy.reader", .inputs = {{"file", "gone.png"}}, .state = NodeState::Muted});
  workflow.graph.set_input("save", "in", Links{{"b", "out"}, {"reader", "out"}});
  queue().add(request());
  EXPECT_EQ(done()->history.at(0).state, Job::State::Done);
}

TEST_F(Queues, MissAFileInsideASubgraphBeforeTheRun) {
  workflow.subgraphs["source"].graph.add({.id = "reader", .type = "toy.reader", .inputs = {{"file", "gone.png"}}});
  workflow.subgraphs["source"].interface = {.outputs = {{"out", {"reader", "out"}}}};
  workflow.graph.add({.id = "instance", .type = "subgraph:source"});
  workflow.graph.set_input("b", "in", Links{{"instance", "out"}});
  queue().add(request());
  const Job& job = done()->history.at(0);
  EXPECT_EQ(job.state, Job::State::Failed);
  ASSERT_EQ(job.problems.size(), 1u);
  EXPECT_EQ(job.problems[0].node, "instance/reader");
  EXPECT_THAT(job.problems[0].what, HasSubstr("there is no file 'gone.png'"));
}

TEST_F(Queues, TellWhichFilesAJobWroteAndItsPreviews) {
  queue().add(request());
  const auto now = done();
  EXPECT_THAT(now->history.at(0).files, ElementsAre(folder / "save.txt"));
  const NodeRun& save = *now->node(kOwner, "save");
  EXPECT_THAT(save.files, ElementsAre(folder / "save.txt"));
  EXPECT_THAT(save.preview->rgb, ElementsAre(1, 2, 3));
  EXPECT_EQ(save.preview_number, 1u);
  EXPECT_THAT(read_text_file(folder / "save.txt"), HasSubstr("toy.save")) << "a node knows the workflow that runs";
}

TEST_F(Queues, RunUpToANodeAndKeepItsOutputs) {
  queue().add(request({"b"}));
  const auto now = done();
  EXPECT_EQ(state(*now, "save"), State::Idle);
  const NodeRun& b = *now->node(kOwner, "b");
  ASSERT_EQ(b.outputs.size(), 1u);
  EXPECT_EQ(b.outputs[0].port, "out");
  EXPECT_EQ(b.outputs[0].value.as<std::int64_t>(), 3);
}

TEST_F(Queues, KeepOutputsOfWatchedNodes) {
  queue().watch(kOwner, {"a", "nobody"});
  queue().add(request());
  const auto now = done();
  EXPECT_EQ(now->node(kOwner, "a")->outputs.at(0).value.as<std::int64_t>(), 1);
  EXPECT_THAT(now->node(kOwner, "b")->outputs, IsEmpty());
}

TEST_F(Queues, TakeFromTheCacheWhatDidNotChange) {
  queue().add(request());
  workflow.graph.set_input("b", "value", 5);
  queue().add(request());
  const auto now = done();
  EXPECT_EQ(state(*now, "a"), State::Cached);
  EXPECT_EQ(state(*now, "b"), State::Done);
  EXPECT_THAT(now->node(kOwner, "b")->why, HasSubstr("value"));
}

TEST_F(Queues, RunTheWorkflowAsItWasWhenItWasQueued) {
  queue().pause(true);
  queue().add(request({"b"}));
  workflow.graph.set_input("b", "value", 100);
  queue().pause(false);
  EXPECT_EQ(done()->node(kOwner, "b")->outputs.at(0).value.as<std::int64_t>(), 3);
}

TEST_F(Queues, ShowProgressWhileANodeRuns) {
  Gate gate;
  act("b", gate.act());
  queue().add(request());
  ASSERT_TRUE(gate.wait_until_reached());
  std::shared_ptr<const RunState> now;
  for (int i = 0; i < 2000 && (!now || now->node(kOwner, "b")->done < 3); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    now = queue().state();
  }
  ASSERT_NE(now->running(), nullptr);
  EXPECT_EQ(state(*now, "a"), State::Done);
  EXPECT_EQ(state(*now, "b"), State::Running);
  EXPECT_EQ(state(*now, "save"), State::Queued);
  EXPECT_EQ(now->node(kOwner, "b")->total, 100);
  EXPECT_TRUE(now->node(kOwner, "b")->seconds_left);
  EXPECT_GT(now->running()->fraction, 0);
  EXPECT_LT(now->running()->fraction, 1);
  gate.open();
  done();
}

TEST_F(Queues, StopWithinAStep) {
  Gate gate;
  act("b", gate.act());
  const JobId job = queue().add(request());
  ASSERT_TRUE(gate.wait_until_reached());
  queue().cancel(job);
  const auto now = done();
  EXPECT_EQ(now->history.at(0).state, Job::State::Cancelled);
  EXPECT_EQ(state(*now, "b"), State::Cancelled);
  EXPECT_EQ(state(*now, "a"), State::Done);
}

TEST_F(Queues, KeepThePlaceAndOrderOfWhatWaits) {
  queue().pause(true);
  const JobId one = queue().add(request({"a"})), two = queue().add(request({"b"})), three = queue().add(request());
  const JobId first = queue().add_first(request({"a"}));
  queue().move(three, 0);
  queue().cancel(one);
  std::vector<JobId> order;
  for (const Job& job : queue().state()->queue) order.push_back(job.id);
  EXPECT_THAT(order, ElementsAre(three, first, two));
  EXPECT_EQ(queue().state()->history.at(0).state, Job::State::Cancelled);
  queue().pause(false);
  EXPECT_EQ(done()->history.size(), 4u);
  EXPECT_EQ(queue().state()->history.back().id, two);
}

TEST_F(Queues, EmptyAtOnce) {
  Gate gate;
  act("b", gate.act());
  queue().add(request());
  queue().add(request());
  ASSERT_TRUE(gate.wait_until_reached());
  queue().cancel_all();
  const auto now = done();
  EXPECT_THAT(now->queue, IsEmpty());
  EXPECT_EQ(now->history.size(), 2u);
}

TEST_F(Queues, SayWhatFailedAndWhatWasSkippedForIt) {
  act("b", [](RunContext&) { throw NodeError("there is no ink", "buy some"); });
  queue().add(request());
  const auto now = done();
  EXPECT_EQ(now->history.at(0).state, Job::State::Failed);
  EXPECT_EQ(state(*now, "b"), State::Failed);
  EXPECT_THAT(now->node(kOwner, "b")->problem->what, HasSubstr("there is no ink"));
  EXPECT_EQ(state(*now, "save"), State::Skipped);
  EXPECT_EQ(now->node(kOwner, "save")->because_of, "b");
  act("b", {});
  queue().add(request());
  EXPECT_FALSE(done()->node(kOwner, "b")->problem) << "it is mended";
}

TEST_F(Queues, PutProblemsOfTheCheckAtTheirNodes) {
  workflow.graph.set_input("a", "value", "many");
  queue().add(request());
  const auto now = done();
  EXPECT_EQ(now->history.at(0).state, Job::State::Failed);
  EXPECT_EQ(state(*now, "a"), State::Failed);
  EXPECT_EQ(now->node(kOwner, "a")->problem->port, "value");
}

TEST_F(Queues, FailWhereTheDeviceCannotBeHad) {
  options.runner.open_runtime = []() -> std::unique_ptr<DeviceRuntime> {
    throw NodeError("there is no cuda:7", "use cpu");
  };
  queue().add(request());
  EXPECT_THAT(done()->history.at(0).problems.at(0).what, HasSubstr("there is no cuda:7"));
}

TEST_F(Queues, SurviveANodeThatThrowsWhatIsNoException) {
  act("a", [](RunContext&) { throw 42; });
  queue().add(request());
  EXPECT_EQ(done()->history.at(0).state, Job::State::Failed);
}

TEST_F(Queues, SurviveANodeThatGivesAValueOfTheWrongType) {
  workflow.graph.add({.id = "liar", .type = "toy.liar"});
  workflow.graph.set_input("a", "in", Links{{"liar", "out"}});
  queue().add(request());
  const auto now = done();
  EXPECT_EQ(now->history.at(0).state, Job::State::Failed);
  EXPECT_THAT(now->node(kOwner, "liar")->problem->what, HasSubstr("value of type 'string'"));
  EXPECT_EQ(state(*now, "save"), State::Skipped);
}

class Values : public Queues {
 protected:
  OutputView shown(ValueType type) {
    type.id = Greys::kType, type.title = "Greys";
    registry.add_type(std::move(type));
    registry.add<MakeGreys>("toy.greys", {});
    workflow.graph.add({.id = "greys", .type = "toy.greys"});
    queue().add(request({"greys"}));
    const auto now = done();
    EXPECT_EQ(now->history.at(0).state, Job::State::Done);
    return now->node(kOwner, "greys")->outputs.at(0);
  }
};

TEST_F(Values, OfABatchAreShownOneByOne) {
  const OutputView view = shown({.preview = pixel, .items = one_by_one});
  ASSERT_EQ(view.pictures.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(view.pictures[i]->rgb[0], 10 * (i + 1));
}

TEST_F(Values, WithoutItemsAreOnePicture) { EXPECT_EQ(shown({.preview = pixel}).pictures.size(), 1u); }

TEST_F(Values, WhosePictureIsNoneSaySo) {
  const OutputView view = shown({.preview = [](const Value&) { return Picture{.width = 100, .height = 100}; }});
  EXPECT_THAT(view.pictures, IsEmpty());
  EXPECT_THAT(view.description.get<std::string>(), HasSubstr("100 x 100 has 0 bytes"));
}

TEST_F(Values, WhosePluginThrowsSaySoWhateverItThrows) {
  const OutputView view = shown({.preview = pixel, .describe = [](const Value&) -> nlohmann::json { throw 42; }});
  EXPECT_THAT(view.description.get<std::string>(), HasSubstr("cannot be shown"));
}

TEST_F(Queues, SayWhatResultsCameOfAndWhatDiffers) {
  queue().watch(kOwner, {"b"});
  const JobId first = queue().add(request());
  workflow.graph.set_input("b", "value", 5);
  const JobId second = queue().add(request({"b"}));
  const auto now = done();
  EXPECT_THAT(now->history.at(0).differs, IsEmpty());
  EXPECT_THAT(now->history.at(1).differs, ElementsAre("Value 5"));
  const NodeRun &b = *now->node(kOwner, "b"), &save = *now->node(kOwner, "save");
  EXPECT_EQ(b.origin->job, second);
  EXPECT_EQ(b.outputs.at(0).origin->job, second);
  EXPECT_EQ(*b.origin->workflow, workflow);
  EXPECT_EQ(save.origin->job, first) << "it did not run again";
  EXPECT_EQ(save.preview_origin->job, first);
}

TEST_F(Queues, DrawSeedsAndSayWhichWereUsed) {
  options.random = [n = std::uint64_t{1000}]() mutable { return n++; };
  const std::string dice = "dice";
  workflow.graph.add({.id = dice, .type = "toy.dice", .ui = {{"seed_modes", {{"seed", "random"}}}}});
  queue().add(request({dice}));
  queue().add(request({dice}));
  const auto now = done();
  EXPECT_EQ(now->owners.at(kOwner)->seeds.at({dice, "seed"}).seed, 1001u);
  EXPECT_EQ(now->node(kOwner, dice)->outputs.at(0).value.as<std::int64_t>(), 1001);
  EXPECT_EQ(now->history.at(0).seeds.at(0).seed, 1000u);
}

TEST_F(Queues, CountSeedsUpFromJobToJob) {
  const std::string dice = "dice";
  workflow.graph.add({.id = dice, .type = "toy.dice", .ui = {{"seed_modes", {{"seed", "increment"}}}}});
  queue().pause(true);
  for (int i = 0; i < 3; ++i) queue().add(request({dice}));
  std::vector<std::uint64_t> seeds;
  for (const Job& job : queue().state()->queue) seeds.push_back(job.seeds.at(0).seed);
  EXPECT_THAT(seeds, ElementsAre(0u, 1u, 2u));
}

TEST_F(Queues, GiveTheSameStateUntilSomethingChanges) {
  std::atomic<int> woken = 0;
  options.wake = [&] { ++woken; };
  const auto before = queue().state();
  EXPECT_EQ(queue().state(), before);
  queue().pause(true);
  EXPECT_EQ(woken, 1);
  queue().pause(false);
  EXPECT_EQ(woken, 1) << "once is enough until somebody looks";
  EXPECT_NE(queue().state(), before);
}

TEST_F(Queues, DoNotChangeAStateThatSomebodyHolds) {
  queue().add(request());
  const auto first = done();
  const std::string why = first->node(kOwner, "b")->why;
  workflow.graph.set_input("b", "value", 9);
  queue().add(request());
  done();
  EXPECT_EQ(first->node(kOwner, "b")->why, why);
  EXPECT_EQ(first->history.size(), 1u);
}

TEST_F(Queues, FindTheirJobsAgain) {
  options.folder = folder / "queue";
  const std::string text = to_text(workflow);
  {
    RunQueue first(registry, options);
    first.pause(true);
    first.add(request({"b"}));
    const JobId last = first.add(request());
    first.move(last, 0);
  }
  options.folder = folder / "other";
  EXPECT_EQ(queue().take_up(folder / "queue"), 2u);
  const auto now = queue().state();
  EXPECT_TRUE(now->paused);
  ASSERT_EQ(now->queue.size(), 2u);
  EXPECT_THAT(now->queue[0].wanted, IsEmpty());
  EXPECT_THAT(now->queue[1].wanted, ElementsAre("b"));
  EXPECT_EQ(to_text(*now->queue[0].workflow), text);
  queue().pause(false);
  EXPECT_EQ(done()->history.size(), 2u);
  EXPECT_FALSE(std::filesystem::exists(folder / "queue"));
  EXPECT_FALSE(std::filesystem::exists(folder / "other")) << "what is done is not kept";
}

TEST_F(Queues, LeaveOutJobsThatCannotBeRead) {
  std::filesystem::create_directories(folder / "queue");
  const std::string deep = std::string(50'000, '[') + std::string(50'000, ']');
  write_text_file(folder / "queue/job-1.json", "{\"title\": ");
  write_text_file(folder / "queue/job-2.json", "{\"title\": " + deep + "}");
  write_text_file(folder / "queue/order.json", deep);
  EXPECT_EQ(queue().take_up(folder / "queue"), 0u);
  EXPECT_FALSE(queue().state()->paused);
}

TEST_F(Queues, EndWhileSomethingRuns) {
  Gate gate;
  act("b", gate.act());
  queue().add(request());
  EXPECT_TRUE(gate.wait_until_reached());
}

TEST_F(Queues, KeepOutputsOfInstancesAndOfWhatIsInThem) {
  put_into_subgraph();
  queue().watch(kOwner, addresses(workflow));
  queue().add(request());
  const auto now = done();
  ASSERT_EQ(now->history.at(0).state, Job::State::Done);
  EXPECT_EQ(now->node(kOwner, "sum/a")->outputs.at(0).value.as<std::int64_t>(), 1);
  EXPECT_EQ(now->node(kOwner, "sum/b")->outputs.at(0).value.as<std::int64_t>(), 3);
  EXPECT_EQ(now->node(kOwner, "sum")->outputs.at(0).value.as<std::int64_t>(), 3);
}

TEST_F(Queues, RunNothingMoreForWhatIsWatched) {
  put_into_subgraph();
  workflow.subgraphs["sum"].graph.add({.id = "idle", .type = "toy.liar"});
  queue().watch(kOwner, addresses(workflow));
  queue().add(request());
  const auto now = done();
  for (const Problem& problem : now->history.at(0).problems) ADD_FAILURE() << problem.text();
  EXPECT_EQ(now->history.at(0).state, Job::State::Done);
  EXPECT_EQ(now->node(kOwner, "sum/idle"), nullptr);
}

TEST_F(Queues, RunNodesInsideSubgraphs) {
  put_into_subgraph();
  queue().add(request());
  const auto now = done();
  for (const Problem& problem : now->history.at(0).problems) ADD_FAILURE() << problem.text();
  ASSERT_EQ(now->history.at(0).state, Job::State::Done);
  const std::optional<NodeRun> instance = node_run(*now->owners.at(kOwner), "sum");
  ASSERT_TRUE(instance);
  EXPECT_EQ(instance->state, State::Done);
  queue().add(request({"sum/a"}));
  EXPECT_EQ(done()->node(kOwner, "sum/a")->outputs.at(0).value.as<std::int64_t>(), 1);
}

}  // namespace
}  // namespace weft::runs
