#include "runs/run_queue.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <future>

#include "editor/session/gestures.h"
#include "runs/watched.h"
#include "tests/graph/toy_nodes.h"
#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using toy::Act;
using State = NodeRun::State;

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
    options.environment = [this](
                              const std::filesystem::path&) { return RunEnvironment{.output_folder = folder.path()}; };
    options.light_workers = 2;
    Workflow workflow;
    workflow.graph.add({.id = "a", .type = "toy.light", .inputs = {{"value", 1}}});
    workflow.graph.add({.id = "b", .type = "toy.light", .inputs = {{"value", 2}, {"in", Links{{"a", "out"}}}}});
    workflow.graph.add({.id = "save", .type = "toy.save", .inputs = {{"in", Links{{"b", "out"}}}}});
    document.emplace(std::move(workflow));
  }

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
    const NodeRun* node = now.node(document->id(), id);
    return node ? node->state : State::Idle;
  }

  std::shared_ptr<toy::Script> script = std::make_shared<toy::Script>();
  Registry registry;
  TemporaryFolder folder;
  RunQueueOptions options;
  std::optional<Document> document;

 private:
  std::optional<RunQueue> queue_;
};

TEST_F(Queues, RunADocumentAndTellWhatBecameOfIt) {
  const JobId job = queue().add(*document);
  const auto now = done();
  ASSERT_EQ(now->history.size(), 1u);
  EXPECT_EQ(now->history[0].id, job);
  EXPECT_EQ(now->history[0].state, Job::State::Done);
  EXPECT_EQ(now->history[0].fraction, 1);
  EXPECT_EQ(state(*now, "a"), State::Done);
  EXPECT_EQ(state(*now, "save"), State::Done);
  EXPECT_THAT(now->node(document->id(), "a")->why, HasSubstr("not cached"));
}

TEST_F(Queues, AskForNoFileOfAMutedNode) {
  Workflow workflow = document->workflow();
  workflow.graph.add(
      {.id = "reader", .type = "toy.reader", .inputs = {{"file", "gone.png"}}, .state = NodeState::Muted});
  workflow.graph.set_input("save", "in", Links{{"b", "out"}, {"reader", "out"}});
  document.emplace(std::move(workflow));
  queue().add(*document);
  EXPECT_EQ(done()->history.at(0).state, Job::State::Done);
}

TEST_F(Queues, MissAFileInsideASubgraphBeforeTheRun) {
  Workflow workflow = document->workflow();
  workflow.subgraphs["source"].graph.add({.id = "reader", .type = "toy.reader", .inputs = {{"file", "gone.png"}}});
  workflow.subgraphs["source"].interface = {.outputs = {{"out", {"reader", "out"}}}};
  workflow.graph.add({.id = "instance", .type = "subgraph:source"});
  workflow.graph.set_input("b", "in", Links{{"instance", "out"}});
  document.emplace(std::move(workflow));
  queue().add(*document);
  const Job& job = done()->history.at(0);
  EXPECT_EQ(job.state, Job::State::Failed);
  ASSERT_EQ(job.problems.size(), 1u);
  EXPECT_EQ(job.problems[0].node, "instance/reader");
  EXPECT_THAT(job.problems[0].what, HasSubstr("there is no file 'gone.png'"));
}

TEST_F(Queues, TellWhichFilesAJobWroteAndItsPreviews) {
  queue().add(*document);
  const auto now = done();
  EXPECT_THAT(now->history.at(0).files, ElementsAre(folder / "save.txt"));
  const NodeRun& save = *now->node(document->id(), "save");
  EXPECT_THAT(save.files, ElementsAre(folder / "save.txt"));
  EXPECT_THAT(save.preview->rgb, ElementsAre(1, 2, 3));
  EXPECT_EQ(save.preview_number, 1u);
  EXPECT_THAT(read_text_file(folder / "save.txt"), HasSubstr("toy.save")) << "a node knows the workflow that runs";
}

TEST_F(Queues, RunUpToANodeAndKeepItsOutputs) {
  queue().add(*document, {"b"});
  const auto now = done();
  EXPECT_EQ(state(*now, "save"), State::Idle);
  const NodeRun& b = *now->node(document->id(), "b");
  ASSERT_EQ(b.outputs.size(), 1u);
  EXPECT_EQ(b.outputs[0].port, "out");
  EXPECT_EQ(b.outputs[0].value.as<std::int64_t>(), 3);
}

TEST_F(Queues, KeepOutputsOfWatchedNodes) {
  queue().watch(document->id(), {"a", "nobody"});
  queue().add(*document);
  const auto now = done();
  EXPECT_EQ(now->node(document->id(), "a")->outputs.at(0).value.as<std::int64_t>(), 1);
  EXPECT_THAT(now->node(document->id(), "b")->outputs, IsEmpty());
}

TEST_F(Queues, TakeFromTheCacheWhatDidNotChange) {
  queue().add(*document);
  set_param(*document, "b", "value", 5);
  queue().add(*document);
  const auto now = done();
  EXPECT_EQ(state(*now, "a"), State::Cached);
  EXPECT_EQ(state(*now, "b"), State::Done);
  EXPECT_THAT(now->node(document->id(), "b")->why, HasSubstr("value"));
}

TEST_F(Queues, RunTheDocumentAsItWasWhenItWasQueued) {
  queue().pause(true);
  queue().add(*document, {"b"});
  set_param(*document, "b", "value", 100);
  queue().pause(false);
  EXPECT_EQ(done()->node(document->id(), "b")->outputs.at(0).value.as<std::int64_t>(), 3);
}

TEST_F(Queues, ShowProgressWhileANodeRuns) {
  Gate gate;
  act("b", gate.act());
  queue().add(*document);
  ASSERT_TRUE(gate.wait_until_reached());
  std::shared_ptr<const RunState> now;
  for (int i = 0; i < 2000 && (!now || now->node(document->id(), "b")->done < 3); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    now = queue().state();
  }
  ASSERT_NE(now->running(), nullptr);
  EXPECT_EQ(state(*now, "a"), State::Done);
  EXPECT_EQ(state(*now, "b"), State::Running);
  EXPECT_EQ(state(*now, "save"), State::Queued);
  EXPECT_EQ(now->node(document->id(), "b")->total, 100);
  EXPECT_TRUE(now->node(document->id(), "b")->seconds_left);
  EXPECT_GT(now->running()->fraction, 0);
  EXPECT_LT(now->running()->fraction, 1);
  gate.open();
  done();
}

TEST_F(Queues, StopWithinAStep) {
  Gate gate;
  act("b", gate.act());
  const JobId job = queue().add(*document);
  ASSERT_TRUE(gate.wait_until_reached());
  queue().cancel(job);
  const auto now = done();
  EXPECT_EQ(now->history.at(0).state, Job::State::Cancelled);
  EXPECT_EQ(state(*now, "b"), State::Cancelled);
  EXPECT_EQ(state(*now, "a"), State::Done);
}

TEST_F(Queues, KeepThePlaceAndOrderOfWhatWaits) {
  queue().pause(true);
  const JobId one = queue().add(*document, {"a"}), two = queue().add(*document, {"b"}), three = queue().add(*document);
  const JobId first = queue().add_first(*document, {"a"});
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
  queue().add(*document);
  queue().add(*document);
  ASSERT_TRUE(gate.wait_until_reached());
  queue().cancel_all();
  const auto now = done();
  EXPECT_THAT(now->queue, IsEmpty());
  EXPECT_EQ(now->history.size(), 2u);
}

TEST_F(Queues, SayWhatFailedAndWhatWasSkippedForIt) {
  act("b", [](RunContext&) { throw NodeError("there is no ink", "buy some"); });
  queue().add(*document);
  const auto now = done();
  EXPECT_EQ(now->history.at(0).state, Job::State::Failed);
  EXPECT_EQ(state(*now, "b"), State::Failed);
  EXPECT_THAT(now->node(document->id(), "b")->problem->what, HasSubstr("there is no ink"));
  EXPECT_EQ(state(*now, "save"), State::Skipped);
  EXPECT_EQ(now->node(document->id(), "save")->because_of, "b");
  act("b", {});
  queue().add(*document);
  EXPECT_FALSE(done()->node(document->id(), "b")->problem) << "it is mended";
}

TEST_F(Queues, PutProblemsOfTheCheckAtTheirNodes) {
  set_param(*document, "a", "value", "many");
  queue().add(*document);
  const auto now = done();
  EXPECT_EQ(now->history.at(0).state, Job::State::Failed);
  EXPECT_EQ(state(*now, "a"), State::Failed);
  EXPECT_EQ(now->node(document->id(), "a")->problem->port, "value");
}

TEST_F(Queues, FailWhereTheDeviceCannotBeHad) {
  options.open_runtime = []() -> std::unique_ptr<DeviceRuntime> { throw NodeError("there is no cuda:7", "use cpu"); };
  queue().add(*document);
  EXPECT_THAT(done()->history.at(0).problems.at(0).what, HasSubstr("there is no cuda:7"));
}

TEST_F(Queues, SurviveANodeThatThrowsWhatIsNoException) {
  act("a", [](RunContext&) { throw 42; });
  queue().add(*document);
  EXPECT_EQ(done()->history.at(0).state, Job::State::Failed);
}

TEST_F(Queues, SurviveANodeThatGivesAValueOfTheWrongType) {
  document->apply("Add", {AddNode{{.id = "liar", .type = "toy.liar"}}});
  connect(*document, registry, {{"liar", "out"}, {"a", "in"}});
  queue().add(*document);
  const auto now = done();
  EXPECT_EQ(now->history.at(0).state, Job::State::Failed);
  EXPECT_THAT(now->node(document->id(), "liar")->problem->what, HasSubstr("value of type 'string'"));
  EXPECT_EQ(state(*now, "save"), State::Skipped);
}

class Values : public Queues {
 protected:
  OutputView shown(ValueType type) {
    type.id = Greys::kType, type.title = "Greys";
    registry.add_type(std::move(type));
    registry.add<MakeGreys>("toy.greys", {});
    document->apply("Add", {AddNode{{.id = "greys", .type = "toy.greys"}}});
    queue().add(*document, {"greys"});
    const auto now = done();
    EXPECT_EQ(now->history.at(0).state, Job::State::Done);
    return now->node(document->id(), "greys")->outputs.at(0);
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
  queue().watch(document->id(), {"b"});
  const JobId first = queue().add(*document);
  set_param(*document, "b", "value", 5);
  const JobId second = queue().add(*document, {"b"});
  const auto now = done();
  EXPECT_THAT(now->history.at(0).differs, IsEmpty());
  EXPECT_THAT(now->history.at(1).differs, ElementsAre("Value 5"));
  const NodeRun &b = *now->node(document->id(), "b"), &save = *now->node(document->id(), "save");
  EXPECT_EQ(b.origin->job, second);
  EXPECT_EQ(b.outputs.at(0).origin->job, second);
  EXPECT_EQ(*b.origin->workflow, document->workflow());
  EXPECT_EQ(save.origin->job, first) << "it did not run again";
  EXPECT_EQ(save.preview_origin->job, first);
}

TEST_F(Queues, DrawSeedsAndSayWhichWereUsed) {
  options.random = [n = std::uint64_t{1000}]() mutable { return n++; };
  const std::string dice = add_node(*document, registry, "toy.dice", {});
  set_seed_mode(*document, dice, "seed", SeedMode::Random);
  const std::string before = to_text(document->workflow());
  queue().add(*document, {dice});
  queue().add(*document, {dice});
  const auto now = done();
  EXPECT_EQ(now->documents.at(document->id())->seeds.at({dice, "seed"}).seed, 1001u);
  EXPECT_EQ(now->node(document->id(), dice)->outputs.at(0).value.as<std::int64_t>(), 1001);
  EXPECT_EQ(now->history.at(0).seeds.at(0).seed, 1000u);
  EXPECT_EQ(to_text(document->workflow()), before);
}

TEST_F(Queues, CountSeedsUpFromJobToJob) {
  const std::string dice = add_node(*document, registry, "toy.dice", {});
  set_seed_mode(*document, dice, "seed", SeedMode::Increment);
  queue().pause(true);
  for (int i = 0; i < 3; ++i) queue().add(*document, {dice});
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
  queue().add(*document);
  const auto first = done();
  const std::string why = first->node(document->id(), "b")->why;
  set_param(*document, "b", "value", 9);
  queue().add(*document);
  done();
  EXPECT_EQ(first->node(document->id(), "b")->why, why);
  EXPECT_EQ(first->history.size(), 1u);
}

TEST_F(Queues, FindTheirJobsAgain) {
  options.folder = folder / "queue";
  const std::string text = to_text(document->workflow());
  {
    RunQueue first(registry, options);
    first.pause(true);
    first.add(*document, {"b"});
    const JobId last = first.add(*document);
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
  queue().add(*document);
  EXPECT_TRUE(gate.wait_until_reached());
}

TEST_F(Queues, KeepOutputsOfInstancesAndOfWhatIsInThem) {
  make_subgraph(*document, registry, {"a", "b"}, "sum");
  queue().watch(document->id(), addresses(document->workflow()));
  queue().add(*document);
  const auto now = done();
  ASSERT_EQ(now->history.at(0).state, Job::State::Done);
  EXPECT_EQ(now->node(document->id(), "sum/a")->outputs.at(0).value.as<std::int64_t>(), 1);
  EXPECT_EQ(now->node(document->id(), "sum/b")->outputs.at(0).value.as<std::int64_t>(), 3);
  EXPECT_EQ(now->node(document->id(), "sum")->outputs.at(0).value.as<std::int64_t>(), 3);
}

TEST_F(Queues, RunNothingMoreForWhatIsWatched) {
  make_subgraph(*document, registry, {"a", "b"}, "sum");
  document->enter("sum");
  document->apply("Add", {AddNode{{.id = "idle", .type = "toy.liar"}}});
  document->leave(0);
  queue().watch(document->id(), addresses(document->workflow()));
  queue().add(*document);
  const auto now = done();
  for (const Problem& problem : now->history.at(0).problems) ADD_FAILURE() << problem.text();
  EXPECT_EQ(now->history.at(0).state, Job::State::Done);
  EXPECT_EQ(now->node(document->id(), "sum/idle"), nullptr);
}

TEST_F(Queues, RunNodesInsideSubgraphs) {
  make_subgraph(*document, registry, {"a", "b"}, "sum");
  queue().add(*document);
  const auto now = done();
  for (const Problem& problem : now->history.at(0).problems) ADD_FAILURE() << problem.text();
  ASSERT_EQ(now->history.at(0).state, Job::State::Done);
  const std::optional<NodeRun> instance = node_run(*now->documents.at(document->id()), *document, "sum");
  ASSERT_TRUE(instance);
  EXPECT_EQ(instance->state, State::Done);
  document->enter("sum");
  queue().add(*document, {document->address("a")});
  EXPECT_EQ(done()->node(document->id(), "sum/a")->outputs.at(0).value.as<std::int64_t>(), 1);
}

}  // namespace
}  // namespace weft::editor
