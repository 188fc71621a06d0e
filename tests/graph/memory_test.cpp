#include "graph/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "tests/graph/toy_nodes.h"

namespace weft {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Device kCpu;
const Device kGpu{.kind = "cuda", .index = 0};

class Ledger : public testing::Test {
 protected:
  MemoryLedger::EntryId enter(
      const std::string& name, std::uint64_t bytes, double cost = 1, Device device = kCpu, bool result = false) {
    return ledger.enter(
        {.name = name, .device = device, .bytes = bytes, .cost_seconds = cost, .result = result, .evict = [this, name] {
           evicted.push_back(name);
         }});
  }

  MemoryLedger ledger;
  std::vector<std::string> evicted;
};

TEST_F(Ledger, CountsWhatIsHeldOnEachDevice) {
  const auto id = enter("a", 100);
  enter("b", 10, 1, kGpu);
  EXPECT_EQ(ledger.held(kCpu), 100u);
  EXPECT_EQ(ledger.held(kGpu), 10u);
  ledger.leave(id);
  ledger.leave(id);
  EXPECT_EQ(ledger.held(kCpu), 0u);
  EXPECT_THAT(evicted, IsEmpty());
}

TEST_F(Ledger, EvictsTheLeastRecentlyUsedFirst) {
  // More than are compared by cost, all equally dear per byte.
  const auto first = enter("0", 10);
  for (int i = 1; i < 12; ++i) enter(std::to_string(i), 10);
  ledger.touch(first);
  EXPECT_EQ(ledger.make_room(kCpu, 15), 20u);
  EXPECT_THAT(evicted, ElementsAre("1", "2"));
}

TEST_F(Ledger, AmongTheLeastRecentlyUsedEvictsTheCheapestPerByte) {
  enter("dear", 10, 5);
  enter("dear but large", 1000, 6);
  enter("cheap", 10, 1);
  EXPECT_EQ(ledger.make_room(kCpu, 1), 1000u);
  EXPECT_EQ(ledger.make_room(kCpu, 1), 10u);
  EXPECT_THAT(evicted, ElementsAre("dear but large", "cheap"));
}

TEST_F(Ledger, LeavesWhatIsPinned) {
  const auto id = enter("a", 10);
  enter("b", 10);
  ledger.pin(id);
  ledger.pin(id);
  EXPECT_EQ(ledger.make_room(kCpu, 100), 10u);
  ledger.unpin(id);
  EXPECT_EQ(ledger.make_room(kCpu, 100), 0u);
  ledger.unpin(id);
  EXPECT_EQ(ledger.make_room(kCpu, 100), 10u);
  EXPECT_THAT(evicted, ElementsAre("b", "a"));
  ledger.pin(id);
  ledger.unpin(id);
}

TEST_F(Ledger, MakesRoomOnOneDeviceOnly) {
  enter("host", 10);
  enter("gpu", 10, 1, kGpu);
  EXPECT_EQ(ledger.make_room(kGpu, 100), 10u);
  EXPECT_THAT(evicted, ElementsAre("gpu"));
}

TEST_F(Ledger, ShrinksToABudget) {
  for (int i = 0; i < 5; ++i) enter(std::to_string(i), 10);
  ledger.shrink_to(kCpu, 30);
  EXPECT_EQ(ledger.held(kCpu), 30u);
  EXPECT_THAT(evicted, ElementsAre("0", "1"));
}

TEST_F(Ledger, ShrinksResultsAndLeavesModels) {
  enter("model", 1000);
  enter("old result", 10, 1, kCpu, true);
  enter("gpu result", 50, 1, kGpu, true);
  enter("new result", 10, 1, kCpu, true);
  EXPECT_EQ(ledger.held_by_results(), 70u);
  ledger.shrink_results_to(15);
  EXPECT_THAT(evicted, ElementsAre("gpu result", "old result"));
  EXPECT_EQ(ledger.held(kCpu), 1010u);
}

TEST_F(Ledger, EvictsWithoutItsLock) {
  ledger.enter({.name = "asks back", .device = kCpu, .bytes = 10, .evict = [this] {
                  evicted.push_back("asks back");
                  EXPECT_EQ(ledger.held(kCpu), 0u);
                }});
  ledger.make_room(kCpu, 1);
  EXPECT_THAT(evicted, ElementsAre("asks back"));
}

TEST_F(Ledger, EntersWhatIsInUseAlready) {
  const auto id = ledger.enter({.name = "model", .device = kGpu, .bytes = 10}, MemoryLedger::InUse::Yes);
  EXPECT_EQ(ledger.make_room(kGpu, 10), 0u);
  ledger.unpin(id);
  EXPECT_EQ(ledger.make_room(kGpu, 10), 10u);
  EXPECT_FALSE(ledger.pin(id)) << "it is gone";
}

TEST_F(Ledger, SaysWhoHoldsWhat) {
  EXPECT_EQ(ledger.holders(kGpu), "");
  enter("model a", 6ull << 30, 1, kGpu);
  enter("model b", 512 << 20, 1, kGpu);
  enter("result of x", 1ull << 30, 1, kGpu, true);
  enter("result of y", 1ull << 29, 1, kGpu, true);
  enter("elsewhere", 1ull << 30);
  EXPECT_EQ(ledger.holders(kGpu), "model a holds 6.0 GiB, model b holds 512.0 MiB, results of nodes hold 1.5 GiB");
}

TEST_F(Ledger, ListsItsEntriesLargestFirst) {
  enter("small", 1);
  enter("large", 100);
  const auto entries = ledger.entries();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].name, "large");
  EXPECT_FALSE(entries[0].evict);
}

}  // namespace

namespace toy {
namespace {

/// A megabyte, and a count of how many there are.
struct Block {
  static constexpr std::string_view kType = "toy.megabyte";
  static constexpr std::uint64_t kBytes = 1 << 20;
  std::shared_ptr<int> alive;
  std::size_t bytes() const { return kBytes; }
};

class MakeBlock final : public Node {
 public:
  explicit MakeBlock(std::shared_ptr<int> alive) : alive_(std::move(alive)) {}

 private:
  std::shared_ptr<int> alive_;
  Input<Block> in_{*this, "in", {.optional = true}};
  Param<int> number_{*this, "number", {}};
  Output<Block> out_{*this, "out"};
  void run(RunContext& ctx) const override { ctx.set(out_, Block{alive_}); }
};

class PassBlock final : public Node {
  Input<Block> in_{*this, "in"};
  Output<Block> out_{*this, "out"};
  void run(RunContext& ctx) const override { ctx.forward(in_, out_); }
};

class ExecutorMemory : public Stage {
 protected:
  ExecutorMemory() {
    registry.add_node("toy.block", {}, std::make_unique<MakeBlock>(alive));
    registry.add<PassBlock>("toy.pass", {});
  }

  /// A chain of blocks, each of which reads the one before.
  std::string chain(int length) {
    for (int i = 0; i < length; ++i) {
      GraphNode node{.id = numbered("b", i), .type = "toy.block", .inputs = {{"number", i}}};
      if (i > 0) node.inputs["in"] = Links{{numbered("b", i - 1), "out"}};
      graph.add(std::move(node));
    }
    return numbered("b", length - 1);
  }

  long blocks() const { return alive.use_count() - 2; }  // this one and the node's

  std::shared_ptr<int> alive = std::make_shared<int>();
};

TEST_F(ExecutorMemory, HoldsResultsToTheBudget) {
  options.cache_bytes = 3 * Block::kBytes + 8192;
  run({chain(10)});
  EXPECT_EQ(blocks(), 3);
  EXPECT_LE(executor().ledger().held_by_results(), options.cache_bytes);
  graph.set_input("b9", "number", 99);
  EventLog log;
  run({"b9"}, log.observer());
  EXPECT_EQ(log.names["b8"].back(), "node_cached") << "the last ones are those that were kept";
}

TEST_F(ExecutorMemory, WithoutACacheFreesEachValueAfterItsLastReader) {
  options.cache_bytes = 0;
  const std::string last = chain(10);
  graph.add({.id = "end", .type = "toy.pass", .inputs = {{"in", Links{{last, "out"}}}}});
  long most = 0;
  const Observer observer = [&](const Event&) { most = std::max(most, blocks()); };
  const RunResult result = run({"end"}, observer);
  EXPECT_EQ(most, 2) << "the one that is read and the one that is made";
  EXPECT_EQ(blocks(), 1) << "the result's";
}

TEST_F(ExecutorMemory, CountsAValueThatIsPassedOnOnce) {
  graph.add({.id = "end", .type = "toy.pass", .inputs = {{"in", Links{{chain(1), "out"}}}}});
  run({"end"});
  EXPECT_LT(executor().ledger().held_by_results(), Block::kBytes + 8192);
}

TEST_F(ExecutorMemory, OutOfMemoryFreesWhatIsNotInUseAndTriesAgain) {
  run({chain(4)});
  node("a");
  int tries = 0;
  act("a", [&](RunContext&) {
    if (blocks() > 0) {
      ++tries;
      throw OutOfMemory("cpu", 123 << 20, 1 << 20);
    }
  });
  EXPECT_TRUE(run({"a"}).ok);
  EXPECT_EQ(tries, 1);
}

TEST_F(ExecutorMemory, OutOfMemoryTwiceFailsWithTheNumbers) {
  node("a");
  int tries = 0;
  act("a", [&](RunContext&) {
    ++tries;
    throw OutOfMemory("cpu", 123 << 20, 1 << 20);
  });
  const RunResult result = run({"a"});
  EXPECT_EQ(tries, 2);
  EXPECT_THAT(result.problems.at(0).text(),
      testing::ContainsRegex("node \"a\": toy.light: out of memory on cpu.*: 123.0 MiB are needed, 1.0 MiB of "
                             "[0-9.]+ GiB are free: make"));
}

TEST_F(ExecutorMemory, ABadAllocIsOutOfMemory) {
  node("a");
  act("a", [](RunContext&) { throw std::bad_alloc(); });
  EXPECT_THAT(run({"a"}).problems.at(0).text(),
      testing::ContainsRegex("out of memory on cpu.*not in use: [0-9.]+ .iB of [0-9.]+ GiB are free"))
      << "how much is wanted is not known, so nothing is said of it";
}

}  // namespace
}  // namespace toy
}  // namespace weft
