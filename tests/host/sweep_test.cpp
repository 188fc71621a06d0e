// Sweeps: how they are written, what of them is refused, and what comes of a run.
#include "host/sweep.h"

#include <gmock/gmock.h>

#include "graph/executor.h"
#include "host/sweep_run.h"

namespace weft::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Stands for a picture in these tests: its value type is called so, and nobody looks inside.
struct Drawing {
  static constexpr std::string_view kType = "image";
  std::string text;
};

class Draw final : public Node {
  Param<std::int64_t> steps_{*this, "steps", {.init = 4, .min = 1, .max = 100}};
  Param<double> cfg_{*this, "cfg", {.init = 7, .min = 0, .max = 100}};
  Param<std::string> text_{*this, "text", {.init = "a boat", .widget = Widget::Text}};
  Param<std::string> how_{*this, "how", {.init = "plain", .choices = {"plain", "bold"}}};
  Param<bool> loud_{*this, "loud", {}};
  Param<std::uint64_t> seed_{*this, "seed", {.widget = Widget::Seed}};
  Output<Drawing> image_{*this, "image"};
  void run(RunContext& ctx) const override {
    if (ctx[steps_] == 13) throw NodeError("bad luck", "take another number");
    ctx.note("steps", ctx[steps_]);
    ctx.set(image_, Drawing{ctx[text_] + " " + std::to_string(ctx[steps_]) + " " + ctx[how_]});
  }
};

class Count final : public Node {
  Output<std::int64_t> count_{*this, "count"};
  void run(RunContext& ctx) const override { ++runs, ctx.set(count_, std::int64_t{1}); }

 public:
  static inline std::atomic<int> runs = 0;
};

class Frame final : public Node {
  Input<Drawing> picture_{*this, "picture"};
  Input<std::int64_t> count_{*this, "count", {.optional = true}};
  Output<Drawing> image_{*this, "image"};
  void run(RunContext& ctx) const override { ctx.set(image_, Drawing{"[" + ctx[picture_].text + "]"}); }
};

/// As image.table and image.save, for what a sweep asks of them.
class Table final : public Node {
  Inputs<Drawing> images_{*this, "images"};
  Param<std::int64_t> columns_{*this, "columns", {.max = 4096}};
  Param<std::string> column_title_{*this, "column_title"}, column_captions_{*this, "column_captions"},
      row_title_{*this, "row_title"}, row_captions_{*this, "row_captions"}, missing_{*this, "missing"};
  Output<Drawing> image_{*this, "image"};
  void run(RunContext& ctx) const override {
    std::string all = std::to_string(ctx[columns_]) + "\n" + ctx[column_title_] + "\n" + ctx[column_captions_] +
        ctx[row_title_] + "\n" + ctx[row_captions_];
    for (const Drawing* each : ctx.all(images_)) all += each->text + "\n";
    ctx.set(image_, Drawing{all + ctx[missing_]});
  }
};

class Save final : public Node {
  Input<Drawing> image_{*this, "image"};
  Param<std::string> prefix_{*this, "prefix", {.init = "weft"}};
  Output<std::string> path_{*this, "path"};
  void run(RunContext& ctx) const override {
    ctx.set(path_, ctx[prefix_] + ".png");
    saved = ctx[image_].text;
    workflow = ctx.environment().workflow;
    notes = ctx.ancestor_notes();
  }

 public:
  static inline std::string saved;
  static inline nlohmann::json workflow;
  static inline std::vector<Note> notes;
};

class Sweeps : public testing::Test {
 protected:
  Sweeps() {
    registry.add<Draw>("test.draw", {});
    registry.add<Count>("test.count", {});
    registry.add<Frame>("test.frame", {});
    registry.add<Table>("image.table", {});
    registry.add<Save>("image.save", {.cache = Cache::Never, .result = true});
    workflow.graph.add({.id = "draw", .type = "test.draw"});
    workflow.graph.add({.id = "count", .type = "test.count"});
    workflow.graph.add({.id = "frame",
        .type = "test.frame",
        .inputs = {{"picture", Links{{"draw", "image"}}}, {"count", Links{{"count", "count"}}}}});
    workflow.graph.add(
        {.id = "save", .type = "image.save", .inputs = {{"image", Links{{"frame", "image"}}}, {"prefix", "mine"}}});
    Count::runs = 0;
    Save::saved.clear();
  }

  const PortInfo& port(const std::string& name) const { return *registry.find("test.draw")->find_input(name); }

  std::vector<Literal> values(const std::string& name, const std::string& text) {
    return expand_sweep(workflow, registry, {{{"draw." + name, read_sweep_values(port(name), text)}}}).front().values;
  }
  std::string refusal(const std::vector<std::string>& axes) {
    try {
      Sweep sweep;
      for (const std::string& axis : axes) sweep.axes.push_back(read_sweep_axis(workflow, registry, axis));
      prepare_sweep(workflow, registry, sweep, {});
    } catch (const GraphError& error) {
      return error.what();
    }
    return {};
  }
  SweepResult run(const std::vector<std::string>& axes, std::stop_token stop = {}, const SweepObserver& observer = {}) {
    Sweep sweep;
    for (const std::string& axis : axes) sweep.axes.push_back(read_sweep_axis(workflow, registry, axis));
    const auto runtime = make_cpu_runtime();
    Executor executor(registry, *runtime);
    return run_sweep(
        prepare_sweep(workflow, registry, sweep, {}), registry, executor, {}, {}, observer, std::move(stop));
  }

  Registry registry;
  Workflow workflow;
};

TEST_F(Sweeps, ValuesStandBetweenCommas) {
  EXPECT_THAT(values("cfg", "3, 5.5,7,"), ElementsAre(3, 5.5, 7));
  EXPECT_THAT(values("how", "bold, plain"), ElementsAre("bold", "plain"));
  EXPECT_THAT(values("loud", "off, on"), ElementsAre(false, true));
  EXPECT_THAT(values("seed", "18446744073709551615"), ElementsAre(18446744073709551615u));
}

TEST_F(Sweeps, TextsMayHoldCommas) {
  EXPECT_THAT(values("text", "a boat, red | a fox"), ElementsAre("a boat, red", "a fox"));
  EXPECT_THAT(values("text", "a boat, red\na fox | b\n"), ElementsAre("a boat, red", "a fox | b"));
  EXPECT_THAT(values("text", R"(["a|b", ""])"), ElementsAre("a|b", ""));
  EXPECT_THAT(values("text", "[cat], sitting"), ElementsAre("[cat], sitting"));
}

TEST_F(Sweeps, RangesHaveAStepOrACount) {
  EXPECT_THAT(values("steps", "10..30/10"), ElementsAre(10, 20, 30));
  EXPECT_THAT(values("steps", "1..4"), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(values("steps", "5..1/2"), ElementsAre(5, 3, 1));
  EXPECT_THAT(values("steps", "1..10x4"), ElementsAre(1, 4, 7, 10));
  EXPECT_THAT(values("cfg", "0..0.3/0.1"), ElementsAre(0, 0.1, 0.2, 0.3)) << "no traces of binary fractions";
  EXPECT_THAT(values("cfg", "0..1x5"), ElementsAre(0, 0.25, 0.5, 0.75, 1));
  EXPECT_THAT(values("seed", "18446744073709551613..18446744073709551615"),
      ElementsAre(18446744073709551613u, 18446744073709551614u, 18446744073709551615u));
}

TEST_F(Sweeps, TextOfValuesReadsAsTheSameValues) {
  for (const auto& [name, text] : std::vector<std::pair<std::string, std::string>>{{"cfg", "3, 5.5"},
           {"steps", "10..30/10"}, {"cfg", "0..1x5"}, {"text", "a, b\nc"}, {"how", "bold"}, {"loud", "off, on"}})
    EXPECT_EQ(sweep_text(port(name), read_sweep_values(port(name), text)), text);
}

TEST_F(Sweeps, AreRefusedBeforeAnythingRuns) {
  EXPECT_THAT(
      refusal({"draw.seed=1..1000000"}), HasSubstr("1000000 values are too many: a sweep makes at most 1000 pictures"));
  EXPECT_THAT(refusal({"draw.cfg=0..1/0.0000001"}), HasSubstr("at most 1000"));
  EXPECT_THAT(refusal({"draw.steps=1..50", "draw.cfg=1..50"}), HasSubstr("2500 pictures (50 x 50)"));
  EXPECT_THAT(refusal({"draw.steps=1,2", "draw.cfg=1", "draw.how=bold"}), HasSubstr("3 params vary"));
  EXPECT_THAT(refusal({"draw.steps=1,2", "draw.steps=3"}), HasSubstr("varies twice"));
  EXPECT_THAT(refusal({"draw.steps=1,200"}), HasSubstr("the value is 200, the most is 100"));
  EXPECT_THAT(refusal({"draw.steps=1..2/0.5"}), HasSubstr("1.5"));
  EXPECT_THAT(refusal({"draw.cfg=0.2..0.8"}), HasSubstr("less than a step of 1"));
  EXPECT_THAT(refusal({"draw.cfg=1..2/0"}), HasSubstr("no value"));
  EXPECT_THAT(refusal({"draw.cfg=a..b"}), HasSubstr("'a' is not a number"));
  EXPECT_THAT(refusal({"draw.how=bold,italic"}), HasSubstr("not among the choices"));
  EXPECT_THAT(refusal({"draw.how=1..3"}), HasSubstr("not among the choices"));
  EXPECT_THAT(refusal({"draw.cfg="}), HasSubstr("no value to vary it by"));
  EXPECT_THAT(refusal({"draw.cgf=1"}), HasSubstr("draw.cfg"));
  EXPECT_THAT(refusal({"frame.picture=1"}), HasSubstr("takes a link and no value"));
  EXPECT_THAT(refusal({"cfg"}), HasSubstr("NAME=VALUES"));
  EXPECT_EQ(Count::runs, 0);
}

TEST_F(Sweeps, NeedAPictureAmongTheResults) {
  workflow.graph = {};
  workflow.graph.add({.id = "draw", .type = "test.draw"});
  workflow.graph.add({.id = "count", .type = "test.count"});
  workflow.interface.outputs["number"] = {"count", "count"};
  EXPECT_THAT(refusal({"draw.steps=1,2"}), HasSubstr("no result of this workflow is one"));
}

TEST_F(Sweeps, StandInTheWorkflowFile) {
  const std::string text = R"({"weft": 1, "nodes": {"draw": {"type": "test.draw"}}, "mine": 1,
    "sweep": [{"param": "draw.cfg", "values": [3, 5]}, {"param": "draw.steps", "from": 10, "to": 30, "step": 10}]})";
  const Workflow read = parse_workflow(text);
  const Sweep sweep = *sweep_of(read);
  ASSERT_EQ(sweep.axes.size(), 2u);
  EXPECT_EQ(sweep.axes[0].values, SweepValues(std::vector<Literal>{3, 5}));
  EXPECT_EQ(std::get<SweepRange>(sweep.axes[1].values).step, 10);
  EXPECT_EQ(with_sweep(read.extra, sweep), read.extra);
  EXPECT_EQ(sweep_of(parse_workflow(to_text(read))), sweep);
  EXPECT_EQ(with_sweep(read.extra, {}), nlohmann::json({{"mine", 1}}));
  for (const char* wrong :
      {R"("x")", R"([1])", R"([{"param": "a.b"}])", R"([{"param": "a.b", "from": 1, "to": 2, "count": 0}])"}) {
    Workflow other;
    other.extra["sweep"] = nlohmann::json::parse(wrong);
    EXPECT_THROW(sweep_of(other), GraphError) << wrong;
  }
}

TEST_F(Sweeps, MakeATableOfWhatIsSavedRowByRow) {
  workflow.interface.inputs["prompt"] = {"draw", "text"};
  const SweepResult result = run({"prompt=a boat|a fox", "draw.steps=1..3/2"});
  EXPECT_TRUE(result.ok);
  ASSERT_EQ(result.tables.size(), 1u);
  EXPECT_EQ(result.tables[0].file, "mine.png");
  EXPECT_THAT(result.tables[0].captions,
      ElementsAre(
          "Prompt a boat, Steps 1", "Prompt a fox, Steps 1", "Prompt a boat, Steps 3", "Prompt a fox, Steps 3"));
  EXPECT_EQ(Save::saved,
      "2\nPrompt\na boat\na fox\nSteps\n1\n3\n"
      "[a boat 1 plain]\n[a fox 1 plain]\n[a boat 3 plain]\n[a fox 3 plain]\n");
  EXPECT_EQ(Count::runs, 1) << "what does not vary is computed once";
  EXPECT_EQ(Save::workflow["sweep"][0]["param"], "prompt") << "the file carries the sweep";
  EXPECT_EQ(Save::notes.size(), 2u) << "each fact once";
}

TEST_F(Sweeps, GoOnAfterACellThatFails) {
  const SweepResult result = run({"draw.steps=12..14"});
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.failed, 1u);
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_THAT(result.problems[0].text(), HasSubstr("Steps 13: "));
  EXPECT_THAT(Save::saved, HasSubstr("[a boat 12 plain]\n[a boat 14 plain]\n2: failed: "));
}

TEST_F(Sweeps, LeaveNoTableWhereEveryCellFails) {
  const SweepResult result = run({"draw.steps=13,13"});
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(Save::saved, "");
  EXPECT_TRUE(result.tables[0].file.empty());
}

TEST_F(Sweeps, AStopEndsThemWithoutATable) {
  std::stop_source stop;
  std::size_t begun = 0;
  const SweepResult result =
      run({"draw.steps=1..9"}, stop.get_token(), {.begins = [&](std::size_t cell, const Workflow&) {
        begun = cell;
        if (cell == 2) stop.request_stop();
      }});
  EXPECT_TRUE(result.cancelled);
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(begun, 2u);
  EXPECT_EQ(Save::saved, "");
}

TEST_F(Sweeps, VaryParamsInsideSubgraphs) {
  workflow.subgraphs["source"].graph.add({.id = "inner", .type = "test.draw"});
  workflow.subgraphs["source"].interface = {
      .inputs = {{"count", {{"inner", "steps"}}}}, .outputs = {{"image", {"inner", "image"}}}};
  workflow.graph.add({.id = "instance", .type = "subgraph:source"});
  workflow.graph.set_input("frame", "picture", Links{{"instance", "image"}});
  EXPECT_TRUE(run({"instance.count=1,2", "subgraph:source/inner.how=plain,bold"}).ok);
  EXPECT_THAT(Save::saved, HasSubstr("[a boat 1 plain]\n[a boat 2 plain]\n[a boat 1 bold]\n[a boat 2 bold]\n"));
  EXPECT_THAT(refusal({"subgraph:source/inner.nothing=1"}), HasSubstr("there is no"));
}

TEST_F(Sweeps, LetAParamWithoutAValueVary) {
  EXPECT_THAT(cell_caption(expand_sweep(workflow, registry, {{{"draw.text", std::vector<Literal>{"two\nlines"}}}}), 0),
      "Text two lines");
}

}  // namespace
}  // namespace weft::host
