// Order on a device: which stream a node works in, who waits for whom, and that nothing is left behind.
#include <rapidcheck.h>

#include <algorithm>

#include "tests/graph/fake_device.h"
#include "tests/graph/toy_nodes.h"

namespace weft::toy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Memory on the fake device; `views` are other nodes' memory that it shares, as a view of a tensor does.
struct OnDevice {
  static constexpr std::string_view kType = "toy.on_device";
  FakeDevice::MemoryPtr memory;
  std::vector<FakeDevice::MemoryPtr> views;
};

/// Submits work that reads all inputs, memory and views.
class Kernel final : public Node {
 public:
  Kernel(FakeDevice& device, std::shared_ptr<Script> script) : device_(device), script_(std::move(script)) {}

  void run(RunContext& ctx) const override {
    const Act act = script_->enter(ctx.node_id());
    std::vector<FakeDevice::MemoryPtr> sources;
    for (const OnDevice* input : ctx.all(in_)) {
      if (input->memory) sources.push_back(input->memory);
      sources.insert(sources.end(), input->views.begin(), input->views.end());
    }
    FakeDevice::MemoryPtr written = device_.submit(sources);
    if (act) act(ctx);
    ctx.progress(1, 1);
    ctx.set(out_, OnDevice{std::move(written), ctx[keeps_views_] ? sources : std::vector<FakeDevice::MemoryPtr>{}});
  }

 private:
  FakeDevice& device_;
  std::shared_ptr<Script> script_;
  Inputs<OnDevice> in_{*this, "in", {.optional = true}};
  Param<bool> keeps_views_{*this, "keeps_views", {}};
  Param<int> value_{*this, "value", {}};
  Output<OnDevice> out_{*this, "out"};
};

/// A light node: reads on the CPU, and hands on what it was given.
class Look final : public Node {
 public:
  Look(FakeDevice& device, std::shared_ptr<Script> script) : device_(device), script_(std::move(script)) {}

  void run(RunContext& ctx) const override {
    if (const Act act = script_->enter(ctx.node_id())) act(ctx);
    OnDevice out;
    for (const OnDevice* input : ctx.all(in_)) {
      if (input->memory) device_.read_on_host(input->memory);
      if (input->memory) out.views.push_back(input->memory);
      out.views.insert(out.views.end(), input->views.begin(), input->views.end());
    }
    ctx.set(out_, std::move(out));
  }

 private:
  FakeDevice& device_;
  std::shared_ptr<Script> script_;
  Inputs<OnDevice> in_{*this, "in", {.optional = true}};
  Param<int> value_{*this, "value", {}};
  Output<OnDevice> out_{*this, "out"};
};

class DeviceOrder : public Stage {
 protected:
  DeviceOrder() {
    runtime = device;
    options.device = FakeDevice::kDevice;
    registry.add_node("fake.kernel", {.lane = Lane::Device}, std::make_unique<Kernel>(*device, script));
    registry.add_node("fake.look", {}, std::make_unique<Look>(*device, script));
  }

  void add(const std::string& id, const std::vector<std::string>& sources, const std::string& type = "fake.kernel") {
    GraphNode node{.id = id, .type = type, .inputs = {{"value", ++count_}}};
    Links links;
    for (const std::string& source : sources) links.push_back({source, "out"});
    if (!links.empty()) node.inputs["in"] = links;
    graph.add(std::move(node));
  }

  RunResult run(std::vector<std::string> wanted, std::stop_token stop = {}) {
    RunResult result = Stage::run(std::move(wanted), {}, std::move(stop));
    device->end_of_run();
    return result;
  }

  /// The calls of one kind, for example "wait".
  std::vector<std::string> calls(const std::string& kind) const {
    std::vector<std::string> found;
    for (const std::string& call : device->calls) {
      if (call.starts_with(kind)) found.push_back(call);
    }
    return found;
  }

  void TearDown() override {
    EXPECT_EQ(device->live_events(), 0u);
    EXPECT_THAT(device->violations, IsEmpty());
  }

  std::shared_ptr<FakeDevice> device = std::make_shared<FakeDevice>();

 private:
  int count_ = 0;
};

TEST_F(DeviceOrder, AChainStaysInOneStreamAndWaitsForNothing) {
  add("a", {});
  add("b", {"a"});
  add("c", {"b"});
  EXPECT_TRUE(run({"c"}).ok);
  EXPECT_THAT(device->calls,
      ElementsAre("create s1", "use s1", "record s1 e1",          //
          "use s1", "record s1 e2", "forget e1",          //
          "use s1", "record s1 e3", "forget e2",          //
          "record s1 e4", "synchronize e4", "forget e4",  // the end of the run
          "forget e3"));
}

TEST_F(DeviceOrder, ADiamondForksIntoTwoStreamsAndJoinsByAnEvent) {
  add("top", {});
  add("left", {"top"});
  add("right", {"top"});
  add("bottom", {"left", "right"});
  EXPECT_TRUE(run({"bottom"}).ok);
  EXPECT_THAT(calls("create"), ElementsAre("create s1", "create s2"));
  EXPECT_THAT(calls("use"), ElementsAre("use s1", "use s1", "use s2", "use s1"));
  EXPECT_THAT(calls("wait"), ElementsAre("wait s2 e1", "wait s1 e3"));
}

TEST_F(DeviceOrder, ANodeOnTheCpuWaitsForWhatItReads) {
  add("a", {});
  add("look", {"a"}, "fake.look");
  EXPECT_TRUE(run({"look"}).ok);
  EXPECT_THAT(device->calls, testing::Contains("synchronize e1"));
  EXPECT_THAT(calls("wait"), IsEmpty());
}

TEST_F(DeviceOrder, StreamsAreUsedAgain) {
  for (int i = 0; i < 10; ++i) add(numbered("k", i), {});
  std::vector<std::string> all;
  for (int i = 0; i < 10; ++i) all.push_back(numbered("k", i));
  EXPECT_TRUE(run(all).ok);
  EXPECT_EQ(device->live_streams.size(), 1u) << "none of them goes on";
}

TEST_F(DeviceOrder, AFailureLeavesNothingBehind) {
  add("top", {});
  add("left", {"top"});
  add("right", {"top"});
  add("bottom", {"left", "right"});
  act("right", [](RunContext&) { throw NodeError("broken"); });
  for (int again = 0; again < 3; ++again) {
    EXPECT_FALSE(run({"bottom", "left"}).ok);
    EXPECT_EQ(device->live_events(), 0u);
    EXPECT_EQ(device->live_streams.size(), 2u) << "streams are given back, also those that nobody went on with";
    executor().clear_cache();
  }
}

TEST_F(DeviceOrder, ACancelLeavesNothingBehind) {
  std::stop_source stop;
  add("top", {});
  add("left", {"top"});
  add("right", {"top"});
  add("bottom", {"left", "right"});
  act("left", [&](RunContext&) { stop.request_stop(); });
  EXPECT_TRUE(run({"bottom"}, stop.get_token()).cancelled);
  EXPECT_EQ(device->live_events(), 0u);
  EXPECT_TRUE(run({"bottom"}).ok);
}

TEST_F(DeviceOrder, OutOfMemoryWaitsForTheDeviceAndTrimsIt) {
  add("a", {});
  int tries = 0;
  act("a", [&](RunContext&) {
    if (++tries == 1) throw OutOfMemory("fake:0", 1 << 20, 0);
  });
  EXPECT_TRUE(run({"a"}).ok);
  EXPECT_EQ(tries, 2);
  EXPECT_THAT(calls("trim"), testing::SizeIs(1));
  EXPECT_LT(std::ranges::find(device->calls, "synchronize e1"), std::ranges::find(device->calls, "trim"));
}

TEST_F(DeviceOrder, OutOfMemoryNamesTheDevicesNumbers) {
  add("a", {});
  act("a", [&](RunContext&) { throw OutOfMemory("fake:0", 50 << 20, 0); });
  EXPECT_THAT(run({"a"}).problems.at(0).what,
      testing::HasSubstr("out of memory on fake:0, also after freeing what was not in use: 50.0 MiB are needed, "
                         "10.0 MiB of 1000.0 MiB are free"));
}

TEST_F(DeviceOrder, AllStreamsGoWithTheExecutor) {
  add("a", {});
  {
    Executor own(registry, *runtime, options);
    own.run({.graph = graph, .wanted = {"a"}});
    EXPECT_EQ(device->live_streams.size(), 1u);
  }
  EXPECT_THAT(device->live_streams, IsEmpty());
}

// Any graph of heavy and light nodes, some of which fail or keep views of what they read, with any budget:
// nobody reads what may not be there, no memory is used again too early, no event and no stream is lost.
TEST(DeviceOrderProperty, HoldsForAnyGraph) {
  const bool holds = rc::check([] {
    struct Harness : DeviceOrder {
      using DeviceOrder::device, DeviceOrder::graph, DeviceOrder::options, DeviceOrder::act, DeviceOrder::run;
      void TestBody() override {}
    } stage;
    stage.options.cache_bytes = *rc::gen::element<std::uint64_t>(0, 1000, 1 << 20);
    const int count = *rc::gen::inRange(1, 16);
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) {
      const bool heavy = *rc::gen::weightedElement<bool>({{3, true}, {1, false}});
      GraphNode node{.id = numbered("n", i), .type = heavy ? "fake.kernel" : "fake.look"};
      node.inputs["value"] = i;
      if (heavy) node.inputs["keeps_views"] = *rc::gen::arbitrary<bool>();
      if (i > 0) {
        Links links;
        for (const int source :
            *rc::gen::container<std::vector<int>>(*rc::gen::inRange(0, 4), rc::gen::inRange(0, i))) {
          links.push_back({ids[static_cast<std::size_t>(source)], "out"});
        }
        if (!links.empty()) node.inputs["in"] = links;
      }
      ids.push_back(node.id);
      stage.graph.add(std::move(node));
      if (*rc::gen::weightedElement<bool>({{1, true}, {9, false}})) {
        stage.act(ids.back(), [](RunContext&) { throw NodeError("broken"); });
      }
    }
    const auto wanted = *rc::gen::container<std::vector<std::string>>(*rc::gen::inRange(1, 4), rc::gen::elementOf(ids));
    for (int again = 0; again < 2; ++again) {
      stage.run(wanted);
      RC_ASSERT(stage.device->live_events() == 0u);
      RC_ASSERT(stage.device->violations == std::vector<std::string>{});
    }
  });
  EXPECT_TRUE(holds);
}

}  // namespace
}  // namespace weft::toy
