#include "graph/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

json of_node(EventKind kind) { return to_json({"a", std::move(kind)}); }

// These names and fields are a promise: programs read them from `weft run --progress json`.
TEST(Events, HaveStableNamesInJson) {
  const Device second_gpu{.kind = "cuda", .index = 1};
  EXPECT_EQ(to_json({.kind = RunStarted{3}}), json::parse(R"({"event": "run_started", "nodes": 3})"));
  EXPECT_EQ(of_node(NodeQueued{}), json::parse(R"({"event": "node_queued", "node": "a"})"));
  EXPECT_EQ(of_node(NodeCached{}), json::parse(R"({"event": "node_cached", "node": "a"})"));
  EXPECT_EQ(of_node(NodeStarted{second_gpu, "first run"}),
      json::parse(R"({"event": "node_started", "node": "a", "device": "cuda:1", "why": "first run"})"));
  EXPECT_EQ(
      of_node(NodeProgress{2, 20}), json::parse(R"({"event": "node_progress", "node": "a", "done": 2, "total": 20})"));
  EXPECT_EQ(of_node(NodePreview{{.width = 4, .height = 2}}),
      json::parse(R"({"event": "node_preview", "node": "a", "width": 4, "height": 2})"));
  EXPECT_EQ(
      of_node(NodeWarning{"careful"}), json::parse(R"({"event": "node_warning", "node": "a", "text": "careful"})"));
  EXPECT_EQ(of_node(NodeFinished{milliseconds(1500), 64}),
      json::parse(R"({"event": "node_finished", "node": "a", "seconds": 1.5, "bytes": 64})"));
  EXPECT_EQ(of_node(NodeFailed{{.node = "a", .port = "p", .what = "broken", .remedy = "mend"}}),
      json::parse(R"({"event": "node_failed", "node": "a", "port": "p", "what": "broken", "remedy": "mend"})"));
  EXPECT_EQ(of_node(NodeSkipped{"b"}), json::parse(R"({"event": "node_skipped", "node": "a", "because_of": "b"})"));
  EXPECT_EQ(of_node(NodeCancelled{}), json::parse(R"({"event": "node_cancelled", "node": "a"})"));
  EXPECT_EQ(to_json({.kind = RunFinished{1, 2, 3, 4, true, milliseconds(500)}}),
      json::parse(R"({"event": "run_finished", "ran": 1, "cached": 2, "failed": 3, "skipped": 4,
                            "cancelled": true, "seconds": 0.5})"));
}

TEST(Device, NamesTheCpuWithoutANumber) {
  EXPECT_EQ(Device{}.name(), "cpu");
  EXPECT_EQ((Device{.kind = "cuda", .index = 1}).name(), "cuda:1");
}

TEST(Device, TheCpuRuntimeKnowsTheSystemsMemory) {
  const auto runtime = make_cpu_runtime();
  EXPECT_EQ(runtime->devices(), std::vector<Device>{Device{}});
  const DeviceMemory memory = runtime->memory({});
  EXPECT_GT(memory.free, 0u);
  EXPECT_LE(memory.free, memory.total);
}

}  // namespace
}  // namespace weft
