// Networks on a device, as the engine sees them: large things that values keep there between runs.
#include "graph/residency.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/cancel_point.h"
#include "graph/memory_estimate.h"
#include "tests/graph/fake_device.h"
#include "tests/graph/toy_nodes.h"

namespace weft::toy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t kGiB = 1 << 30;

/// What happened to networks, in order. Thread-safe.
struct Diary {
  std::mutex mutex;
  std::vector<std::string> lines;
  void write(std::string line) {
    const std::scoped_lock lock(mutex);
    lines.push_back(std::move(line));
  }
};

/// A value with a network that is built where it is first used.
struct Net {
  static constexpr std::string_view kType = "toy.net";
  std::string name;
  std::uint64_t bytes = 0;
  FakeDevice* device = nullptr;
  std::shared_ptr<Diary> diary = nullptr;
  std::shared_ptr<Resident> resident = std::make_shared<Resident>();

  Resident::Object on(const Residency& where) const {
    return resident->use(where, {.name = "model " + name, .bytes = bytes}, [&]() -> Resident::Object {
      auto memory = device->allocate(bytes);
      diary->write("build " + name);
      return {new char, [memory, diary = diary, name = name](const char* object) {
                diary->write("free " + name);
                delete object;
              }};
    });
  }
};

class LoadNet final : public Node {
 public:
  LoadNet(FakeDevice& device, std::shared_ptr<Diary> diary) : device_(device), diary_(std::move(diary)) {}

 private:
  FakeDevice& device_;
  std::shared_ptr<Diary> diary_;
  Param<std::string> name_{*this, "name", {}};
  Param<int> gib_{*this, "gib", {}};
  Output<Net> net_{*this, "net"};
  void run(RunContext& ctx) const override {
    ctx.set(net_,
        Net{.name = ctx[name_],
            .bytes = static_cast<std::uint64_t>(ctx[gib_]) * kGiB,
            .device = &device_,
            .diary = diary_});
  }
};

/// Uses all of its networks at the same time.
class UseNets final : public Node {
  Inputs<Net> nets_{*this, "nets"};
  Param<int> seed_{*this, "seed", {.init = 0}};
  Output<int> out_{*this, "out"};
  void run(RunContext& ctx) const override {
    std::vector<Resident::Object> held;
    for (const Net* net : ctx.all(nets_)) held.push_back(net->on(ctx.memory()));
    ctx.set(out_, int{ctx[seed_]});
  }
};

class Networks : public Stage {
 protected:
  Networks() {
    device->capacity = 10 * kGiB;
    device->allocated = 0;
    runtime = device;
    options.device = FakeDevice::kDevice;
    registry.add_node("toy.load_net", {.lane = Lane::Io}, std::make_unique<LoadNet>(*device, diary));
    registry.add<UseNets>("toy.use_nets", {.lane = Lane::Device});
  }

  void net(const std::string& name, int gib) {
    graph.add({.id = name, .type = "toy.load_net", .inputs = {{"name", name}, {"gib", gib}}});
  }

  /// Runs a node that uses these networks; never from the cache.
  RunResult use(const std::vector<std::string>& nets) {
    const std::string id = numbered("use", ++uses_);
    Links links;
    for (const std::string& name : nets) links.push_back({name, "net"});
    graph.add({.id = id, .type = "toy.use_nets", .inputs = {{"nets", links}, {"seed", uses_}}});
    return run({id});
  }

  std::vector<std::string> happened() { return std::exchange(diary->lines, {}); }

  std::shared_ptr<FakeDevice> device = std::make_shared<FakeDevice>();
  std::shared_ptr<Diary> diary = std::make_shared<Diary>();

 private:
  int uses_ = 0;
};

TEST_F(Networks, AreBuiltOnceAndStay) {
  net("a", 6);
  EXPECT_TRUE(use({"a"}).ok);
  EXPECT_TRUE(use({"a"}).ok);
  EXPECT_THAT(happened(), ElementsAre("build a"));
  EXPECT_EQ(executor().ledger().holders(FakeDevice::kDevice), "model a holds 6.0 GiB");
}

TEST_F(Networks, AnIdleOneMakesRoomForAnother) {
  net("a", 6);
  net("b", 6);
  EXPECT_TRUE(use({"a"}).ok);
  EXPECT_TRUE(use({"b"}).ok);
  EXPECT_TRUE(use({"a"}).ok) << "used again, it is built again";
  EXPECT_THAT(happened(), ElementsAre("build a", "free a", "build b", "free b", "build a"));
}

TEST_F(Networks, NoMoreThanMustMakeRoom) {
  for (const char* name : {"a", "b", "c"}) {
    net(name, 3);
    EXPECT_TRUE(use({name}).ok);
  }
  net("d", 3);
  EXPECT_TRUE(use({"d"}).ok);
  EXPECT_EQ(device->allocated, 9 * kGiB);
}

TEST_F(Networks, OneInUseIsNotEvicted) {
  net("a", 3);
  net("b", 3);
  net("c", 6);
  EXPECT_TRUE(use({"a"}).ok);
  EXPECT_TRUE(use({"b"}).ok);
  happened();
  EXPECT_TRUE(use({"a", "c"}).ok);
  EXPECT_THAT(happened(), ElementsAre("free b", "build c"));
}

TEST_F(Networks, TwoAtOnceThatDoNotFitFailAndItIsSaidWhoHoldsWhat) {
  net("a", 6);
  net("b", 6);
  const RunResult result = use({"a", "b"});
  EXPECT_FALSE(result.ok);
  EXPECT_THAT(result.problems.at(0).text(),
      HasSubstr("out of memory on fake:0, also after freeing what was not in use: 6.0 GiB are needed, "
                "4.0 GiB of 10.0 GiB are free; model a holds 6.0 GiB"));
  EXPECT_TRUE(use({"b"}).ok) << "nothing stays in use";
}

TEST_F(Networks, LeaveTheBooksWithTheirValue) {
  net("a", 6);
  use({"a"});
  EXPECT_GE(executor().ledger().held(FakeDevice::kDevice), 6 * kGiB);
  executor().clear_cache();
  EXPECT_EQ(executor().ledger().held(FakeDevice::kDevice), 0u);
  EXPECT_THAT(happened(), ElementsAre("build a", "free a"));
}

TEST_F(Networks, OutliveTheExecutorWithTheirValue) {
  net("a", 1);
  const Net kept = run({"a"}).nodes.at("a").outputs.at(0).as<Net>();
  {
    Executor other(registry, *device, options);
    graph.add({.id = "use", .type = "toy.use_nets", .inputs = {{"nets", Links{{"a", "net"}}}}});
    EXPECT_TRUE(run({"use"}).ok);
  }
  EXPECT_NE(kept.on(Residency(FakeDevice::kDevice)), nullptr);
}

TEST_F(Networks, WithoutALedgerStay) {
  const Net a{.name = "a", .bytes = kGiB, .device = device.get(), .diary = diary};
  a.on(Residency());
  a.on(Residency());
  EXPECT_THAT(happened(), ElementsAre("build a"));
}

TEST_F(Networks, AreSharedByThreadsThatEvictOneAnothers) {
  const auto ledger = std::make_shared<MemoryLedger>();
  const Residency where(FakeDevice::kDevice, ledger, *device);
  device->capacity = 1000 * kGiB;
  std::vector<Net> nets;
  for (int i = 0; i < 4; ++i)
    nets.push_back({.name = numbered("n", i), .bytes = kGiB, .device = device.get(), .diary = diary});
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 500; ++i) {
          const auto held = nets[static_cast<std::size_t>((i + t) % 4)].on(where);
          EXPECT_NE(held, nullptr);
          if (i % 3 == 0) ledger->make_room(FakeDevice::kDevice, kGiB);
        }
      });
    }
  }
  ledger->make_room(FakeDevice::kDevice, 1000 * kGiB);
  EXPECT_EQ(ledger->held(FakeDevice::kDevice), 0u);
  EXPECT_EQ(device->allocated, 0u) << "what the books do not know was freed too";
}

// ---- Estimates ----

class Estimates : public Stage {
 protected:
  Estimates() {
    registry.add<Sized>("toy.size", {.bytes_per_pixel = 1});
    registry.add<Through>("toy.through", {.bytes_per_pixel = 100});
    registry.add<Through>("toy.free", {});
  }

  class Sized final : public Node {
    Param<int> width_{*this, "width", {.init = 512}};
    Param<int> height_{*this, "height", {.init = 512}};
    Param<int> batch_{*this, "batch", {.init = 1}};
    Output<int> out_{*this, "out"};
    void run(RunContext& ctx) const override { ctx.set(out_, 0); }
  };
  class Through final : public Node {
    Input<int> in_{*this, "in"};
    Output<int> out_{*this, "out"};
    void run(RunContext& ctx) const override { ctx.set(out_, 0); }
  };

  void picture(const std::string& type, int width, int height, int batch) {
    graph.add({.id = "size", .type = "toy.size", .inputs = {{"width", width}, {"height", height}, {"batch", batch}}});
    graph.add({.id = "work", .type = type, .inputs = {{"in", Links{{"size", "out"}}}}});
  }

  std::vector<Problem> warnings(std::uint64_t total) const {
    return memory_warnings(graph, registry, std::vector<std::string>{"work"}, total);
  }
};

TEST_F(Estimates, WarnOfWhatWillNotFitBeforeItRuns) {
  picture("toy.through", 16384, 16384, 1);
  const auto found = warnings(23 * kGiB);
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_THAT(
      found[0].text(), HasSubstr("node \"work\": toy.through will need about 25.0 GiB for 16384 x 16384, batch 1"));
  EXPECT_THAT(found[0].text(), HasSubstr("23.0 GiB are there: choose a smaller size"));
}

TEST_F(Estimates, CountTheBatch) {
  picture("toy.through", 512, 512, 1000);
  EXPECT_THAT(warnings(23 * kGiB), SizeIs(1));
  EXPECT_THAT(warnings(25 * kGiB), IsEmpty());
}

TEST_F(Estimates, SayNothingOfUsualPictures) {
  picture("toy.through", 1024, 1024, 4);
  EXPECT_THAT(warnings(4 * kGiB), IsEmpty());
}

TEST_F(Estimates, CountNodesThatSayWhatTheyNeed) {
  picture("toy.free", 1024, 1024, 1);
  EXPECT_THAT(warnings(2 << 20), IsEmpty());
}

// ---- Cancel points ----

class CancelPoints : public Stage {};

TEST_F(CancelPoints, EndANodeThatReportsNoProgress) {
  node("a");
  std::stop_source stop;
  act("a", [&](RunContext&) {
    cancel_point();
    stop.request_stop();
    cancel_point();
    ADD_FAILURE() << "a cancel point lets a cancel pass";
  });
  const RunResult result = run({"a"}, {}, stop.get_token());
  EXPECT_TRUE(result.cancelled);
  EXPECT_EQ(result.nodes.at("a").state, State::Cancelled);
}

TEST_F(CancelPoints, DoNothingOutsideOfARun) { EXPECT_NO_THROW(cancel_point()); }

TEST_F(CancelPoints, CanBeKeptFromLanding) {
  node("a");
  std::stop_source stop;
  bool whole = false;
  act("a", [&](RunContext&) {
    stop.request_stop();
    const CancelScope to_the_end(nullptr);
    cancel_point();
    whole = true;
  });
  run({"a"}, {}, stop.get_token());
  EXPECT_TRUE(whole);
}

}  // namespace
}  // namespace weft::toy
