// What the engine costs beside the work: microseconds a node for chains and fans of trivial nodes (a + b).
//
//   bench_engine_overhead                                               a table
//   bench_engine_overhead --benchmark_out=FILE --benchmark_out_format=json   and JSON
//
// Rows: cold      a graph that the executor never saw: check, plan, run all, keep all results
//       observed  cold, with an observer that counts events
//       edited    the last node's param changed: check and plan anew, run one node
//       cached    the same again: nothing to run
//       build     making the graph itself, Graph::add_all()
//       check     what keeps it from running: default_results(), validate(), expand(), missing_files()
//       Shapes: chain, fan, and sinks, a node that feeds all others, which are what is wanted.
// Columns: us_node  microseconds a node
//          calls    how many times a loop takes that calls the same functions through a table
#include <benchmark/benchmark.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/executor.h"
#include "graph/expand.h"
#include "graph/validate.h"
#include "graph/workflow.h"
#include "host/missing_files.h"

namespace {

using Clock = std::chrono::steady_clock;

class Add final : public weft::Node {
  weft::Param<std::int64_t> a_{*this, "a", {}};
  weft::Param<std::int64_t> b_{*this, "b", {}};
  weft::Output<std::int64_t> sum_{*this, "sum"};
  void run(weft::RunContext& ctx) const override { ctx.set(sum_, ctx[a_] + ctx[b_]); }
};

class Sum final : public weft::Node {
  weft::Inputs<std::int64_t> all_{*this, "all"};
  weft::Output<std::int64_t> sum_{*this, "sum"};
  void run(weft::RunContext& ctx) const override {
    std::int64_t sum = 0;
    for (const std::int64_t* number : ctx.all(all_)) sum += *number;
    ctx.set(sum_, sum);
  }
};

enum class Shape { Chain, Fan, Sinks };

std::string shape_name(Shape shape) { return shape == Shape::Chain ? "chain" : shape == Shape::Fan ? "fan" : "sinks"; }

/// `count` nodes; the last is "end". A fan is one node that feeds all others, which feed "end"; sinks feed nothing.
std::vector<weft::GraphNode> make_nodes(Shape shape, std::int64_t count) {
  std::vector<weft::GraphNode> nodes;
  weft::Links all;
  const auto id = [](std::int64_t i) { return std::string("n").append(std::to_string(i)); };
  for (std::int64_t i = 0; i < count - 1; ++i) {
    weft::GraphNode node{.id = id(i), .type = "bench.add", .inputs = {{"b", i}}};
    if (i > 0) node.inputs["a"] = weft::Links{{id(shape == Shape::Chain ? i - 1 : 0), "sum"}};
    if (i > 0) all.push_back({node.id, "sum"});
    nodes.push_back(std::move(node));
  }
  if (shape != Shape::Fan) {
    nodes.push_back({.id = "end",
        .type = "bench.add",
        .inputs = {{"a", weft::Links{{id(shape == Shape::Chain ? count - 2 : 0), "sum"}}}, {"b", 1}}});
  } else {
    nodes.push_back({.id = "end", .type = "bench.sum", .inputs = {{"all", all}}});
  }
  return nodes;
}

weft::Graph make_graph(Shape shape, std::int64_t count) {
  weft::Graph graph;
  graph.add_all(make_nodes(shape, count));
  return graph;
}

struct House {
  House() {
    registry.add<Add>("bench.add", {});
    registry.add<Sum>("bench.sum", {});
  }
  std::unique_ptr<weft::Executor> executor() const { return std::make_unique<weft::Executor>(registry, *runtime); }

  weft::Registry registry;
  std::unique_ptr<weft::DeviceRuntime> runtime = weft::make_cpu_runtime();
};

/// Seconds of calling the same functions directly, through a table that the compiler cannot look into.
double seconds_of_calls(std::int64_t count) {
  const std::vector<std::function<std::int64_t(std::int64_t, std::int64_t)>> functions(
      static_cast<std::size_t>(count), [](std::int64_t a, std::int64_t b) { return a + b; });
  double best = 1e9;
  for (int repeat = 0; repeat < 20; ++repeat) {
    const auto start = Clock::now();
    std::int64_t sum = 0;
    for (const auto& function : functions) {
      sum = function(sum, 1);
      benchmark::DoNotOptimize(sum);
    }
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

/// Runs `prepare` outside and `work` inside the measured time, and fills the columns.
template <class Prepare, class Work>
void measure(benchmark::State& state, const Prepare& prepare, const Work& work) {
  const std::int64_t nodes = state.range(0);
  double seconds = 0;
  for (auto _ : state) {
    prepare();
    const auto start = Clock::now();
    if (!work()) state.SkipWithError("the run failed");
    const double time = std::chrono::duration<double>(Clock::now() - start).count();
    state.SetIterationTime(time);
    seconds += time;
  }
  seconds /= static_cast<double>(state.iterations());
  const double us_node = seconds * 1e6 / static_cast<double>(nodes);
  state.counters["us_node"] = us_node;
  state.counters["calls"] = seconds / seconds_of_calls(nodes);
}

void cold(benchmark::State& state, Shape shape, const weft::Observer& observer) {
  const House house;
  const weft::RunRequest request{.graph = make_graph(shape, state.range(0)), .wanted = {"end"}};
  std::unique_ptr<weft::Executor> executor;
  measure(state, [&] { executor = house.executor(); }, [&] { return executor->run(request, observer).ok; });
}

void cached(benchmark::State& state, Shape shape) {
  const House house;
  const weft::RunRequest request{.graph = make_graph(shape, state.range(0)), .wanted = {"end"}};
  const auto executor = house.executor();
  executor->run(request);
  measure(state, [] {}, [&] { return executor->run(request).ok; });
}

void edited(benchmark::State& state) {
  const House house;
  weft::RunRequest request{.graph = make_graph(Shape::Chain, state.range(0)), .wanted = {"end"}};
  const auto executor = house.executor();
  executor->run(request);
  std::int64_t value = 1;
  measure(state, [&] { request.graph.set_input("end", "b", ++value); }, [&] { return executor->run(request).ok; });
}

void build(benchmark::State& state, Shape shape) {
  std::vector<weft::GraphNode> nodes;
  measure(
      state, [&] { nodes = make_nodes(shape, state.range(0)); },
      [&] {
        weft::Graph graph;
        graph.add_all(std::move(nodes));
        return graph.size() > 0;
      });
}

void check(benchmark::State& state, Shape shape) {
  const House house;
  const weft::Workflow workflow{.graph = make_graph(shape, state.range(0))};
  measure(
      state, [] {},
      [&] {
        const std::vector<std::string> wanted = weft::default_results(workflow, house.registry);
        const weft::Expansion plain = weft::expand(workflow.graph, {}, house.registry, wanted);
        return weft::validate(workflow, house.registry, wanted).empty() &&
            weft::host::missing_files(plain.graph, house.registry, {}, plain.wanted).empty();
      });
}

benchmark::internal::Benchmark* sizes(benchmark::internal::Benchmark* b) {
  return b->Arg(10)->Arg(1'000)->Arg(100'000)->UseManualTime()->MinTime(0.3)->Unit(benchmark::kMicrosecond);
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t events = 0;
  const weft::Observer count = [&](const weft::Event&) { ++events; };
  for (const Shape shape : {Shape::Chain, Shape::Fan}) {
    const auto add = [&](const char* kind, const auto& function) {
      sizes(benchmark::RegisterBenchmark((shape_name(shape) + "/" + kind).c_str(), function));
    };
    add("cold", [shape](benchmark::State& state) { cold(state, shape, {}); });
    add("observed", [shape, &count](benchmark::State& state) { cold(state, shape, count); });
    add("cached", [shape](benchmark::State& state) { cached(state, shape); });
    if (shape == Shape::Chain) add("edited", edited);
    add("build", [shape](benchmark::State& state) { build(state, shape); });
  }
  for (const Shape shape : {Shape::Chain, Shape::Fan, Shape::Sinks})
    sizes(benchmark::RegisterBenchmark(
        (shape_name(shape) + "/check").c_str(), [shape](benchmark::State& state) { check(state, shape); }));
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
