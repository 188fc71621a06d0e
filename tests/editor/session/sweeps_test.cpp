// What a document varies, and its sweep as a job of the queue.
#include "editor/session/sweeps.h"

#include <gmock/gmock.h>

#include "editor/session/gestures.h"
#include "runs/job_file.h"
#include "runs/run_queue.h"
#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A picture of one grey pixel.
struct Grey {
  static constexpr std::string_view kType = "image";
  std::int64_t value = 0;
};

Picture pixel(const Value& value) {
  const auto grey = static_cast<std::uint8_t>(value.as<Grey>().value);
  return {.width = 1, .height = 1, .rgb = {grey, grey, grey}};
}

class Draw final : public Node {
  Param<std::int64_t> grey_{*this, "grey", {.init = 4, .min = 0, .max = 100}};
  Param<std::string> how_{*this, "how", {.init = "plain", .choices = {"plain", "bold"}}};
  Param<std::uint64_t> seed_{*this, "seed", {.widget = Widget::Seed}};
  Output<Grey> image_{*this, "image"};
  void run(RunContext& ctx) const override {
    if (ctx[grey_] == 13) throw NodeError("bad luck");
    ctx.set(image_, Grey{ctx[grey_]});
  }
};

class Table final : public Node {
  Inputs<Grey> images_{*this, "images"};
  Param<std::int64_t> columns_{*this, "columns", {.max = 4096}};
  Param<std::string> column_title_{*this, "column_title"}, column_captions_{*this, "column_captions"},
      row_title_{*this, "row_title"}, row_captions_{*this, "row_captions"}, missing_{*this, "missing"};
  Output<Grey> image_{*this, "image"};
  void run(RunContext& ctx) const override { ctx.set(image_, Grey{99}); }
};

class Save final : public Node {
  Input<Grey> image_{*this, "image"};
  Param<std::string> prefix_{*this, "prefix", {.init = "weft"}};
  Output<std::string> path_{*this, "path"};
  void run(RunContext& ctx) const override {
    const auto file = ctx.environment().output_folder / (ctx[prefix_] + ".png");
    write_text_file(file, ctx.environment().workflow.dump());
    ctx.set(path_, file.string());
  }
};

class Sweeps : public testing::Test {
 protected:
  Sweeps() {
    registry.add<Draw>("test.draw", {});
    registry.add<Table>("image.table", {});
    registry.add<Save>("image.save", {.cache = Cache::Never, .result = true});
    registry.add_type({.id = "image",
        .title = "Image",
        .colour = "#ffffff",
        .doc = "",
        .preview = pixel,
        .describe = {},
        .example = {}});
    Workflow workflow;
    workflow.graph.add({.id = "draw", .type = "test.draw", .ui = {{"seed_modes", {{"seed", "random"}}}}});
    workflow.graph.add({.id = "save", .type = "image.save", .inputs = {{"image", Links{{"draw", "image"}}}}});
    document.emplace(std::move(workflow));
    options.environment = [this](
                              const std::filesystem::path&) { return RunEnvironment{.output_folder = folder.path()}; };
  }

  const PortInfo& port(const std::string& name) const { return *registry.find("test.draw")->find_input(name); }
  void vary_it(const std::string& name, const std::string& values) {
    vary(*document, registry, "draw", port(name), values);
  }
  std::vector<std::string> varied() const {
    std::vector<std::string> names;
    for (const host::SweepAxis& axis : sweep(*document).axes) names.push_back(axis.param);
    return names;
  }

  Registry registry;
  TemporaryFolder folder;
  RunQueueOptions options;
  std::optional<Document> document;
};

TEST_F(Sweeps, AreStepsOfUndoInTheDocument) {
  vary_it("grey", "1, 2");
  vary_it("how", "bold");
  EXPECT_THAT(varied(), ElementsAre("draw.grey", "draw.how"));
  EXPECT_EQ(sweep_size(*document, registry), 2u);
  EXPECT_EQ(sweep_axis(*document, sweep(*document), "draw", "how"), 1u);
  swap_axes(*document);
  EXPECT_THAT(varied(), ElementsAre("draw.how", "draw.grey"));
  document->undo();
  stop_varying(*document, "draw", "grey");
  EXPECT_THAT(varied(), ElementsAre("draw.how"));
  clear_sweep(*document);
  EXPECT_THAT(varied(), IsEmpty());
  EXPECT_FALSE(document->workflow().extra.contains("sweep"));
  document->go_to(1);
  EXPECT_THAT(varied(), ElementsAre("draw.grey"));
}

TEST_F(Sweeps, KeepAParamsPlaceAndLetTheSecondOfThreeGiveWay) {
  vary_it("grey", "1, 2");
  vary_it("how", "bold, plain");
  vary_it("grey", "1..3");
  EXPECT_THAT(varied(), ElementsAre("draw.grey", "draw.how"));
  EXPECT_EQ(sweep_size(*document, registry), 6u);
  vary_it("seed", "1, 2");
  EXPECT_THAT(varied(), ElementsAre("draw.grey", "draw.seed"));
}

TEST_F(Sweeps, FollowNodesThatGetAnotherName) {
  vary_it("grey", "1, 2");
  rename(*document, "draw", "paint");
  EXPECT_THAT(varied(), ElementsAre("paint.grey"));
  EXPECT_EQ(sweep_size(*document, registry), 2u);
  document->undo();
  EXPECT_THAT(varied(), ElementsAre("draw.grey"));
}

TEST_F(Sweeps, GoWithTheirNodeAndComeBackWithIt) {
  vary_it("grey", "1, 2");
  vary_it("how", "bold");
  remove(*document, registry, {.nodes = {"draw"}});
  EXPECT_THAT(varied(), IsEmpty());
  EXPECT_FALSE(document->workflow().extra.contains("sweep"));
  document->undo();
  EXPECT_THAT(varied(), ElementsAre("draw.grey", "draw.how"));
  remove(*document, registry, {.nodes = {"save"}});
  EXPECT_THAT(varied(), ElementsAre("draw.grey", "draw.how"));
}

TEST_F(Sweeps, FollowTheirNodeIntoASubgraphAndOut) {
  expose_input(*document, {"draw", "how"}, "style");
  vary_it("grey", "1, 2");
  vary_it("how", "bold, plain");
  make_subgraph(*document, registry, {"draw"}, "art");
  EXPECT_THAT(varied(), ElementsAre("subgraph:art/draw.grey", "art.style"));
  EXPECT_EQ(sweep_size(*document, registry), 4u);
  rename_subgraph(*document, "art", "craft");
  EXPECT_THAT(varied(), ElementsAre("subgraph:craft/draw.grey", "art.style"));
  document->enter("art");
  rename_port(*document, Side::Input, "style", "manner");
  EXPECT_THAT(varied(), ElementsAre("subgraph:craft/draw.grey", "art.manner"));
  rename(*document, "draw", "paint");
  EXPECT_THAT(varied(), ElementsAre("subgraph:craft/paint.grey", "art.manner"));
  EXPECT_EQ(sweep_size(*document, registry), 4u);
  document->leave(0);
  unpack_subgraph(*document, registry, "art");
  EXPECT_THAT(varied(), ElementsAre("paint.grey", "paint.how"));
  EXPECT_EQ(sweep_size(*document, registry), 4u);
}

TEST_F(Sweeps, KeepTheirParamWhereItsNameForCallersGoes) {
  expose_input(*document, {"draw", "grey"}, "tone");
  document->apply_to_workflow("by name", {SetExtra{{{"sweep", {{{"param", "tone"}, {"values", {1, 2}}}}}}}});
  rename_port(*document, Side::Input, "tone", "shade");
  EXPECT_THAT(varied(), ElementsAre("draw.grey"));
  remove_port(*document, Side::Input, "shade");
  EXPECT_EQ(sweep_size(*document, registry), 2u);
}

TEST_F(Sweeps, RefuseWhatTheParamDoesNotTakeAndChangeNothing) {
  EXPECT_THROW(vary_it("grey", "1, 200"), GraphError);
  EXPECT_THROW(vary_it("grey", ""), GraphError);
  EXPECT_THROW(vary_it("seed", "1..1000000"), GraphError);
  EXPECT_FALSE(document->dirty());
}

TEST_F(Sweeps, KnowAParamByTheNameThatTheInterfaceHasForIt) {
  Workflow workflow = document->workflow();
  workflow.interface.inputs["shade"] = {"draw", "grey"};
  workflow.extra["sweep"] = {{{"param", "shade"}, {"values", {1, 2}}}};
  document.emplace(std::move(workflow));
  EXPECT_EQ(sweep_axis(*document, sweep(*document), "draw", "grey"), 0u);
  vary_it("grey", "3");
  EXPECT_THAT(varied(), ElementsAre("shade"));
}

TEST_F(Sweeps, RunAsOneJobAndShowTheTableWithItsPictures) {
  vary_it("grey", "5, 6, 7");
  RunQueue queue(registry, options);
  queue.add_sweep(*document);
  queue.wait_until_idle();
  const auto now = queue.state();
  ASSERT_EQ(now->history.size(), 1u);
  EXPECT_EQ(now->history[0].state, Job::State::Done);
  EXPECT_EQ(now->history[0].fraction, 1);
  EXPECT_EQ(now->history[0].seeds.size(), 1u) << "drawn once for all";
  EXPECT_THAT(now->history[0].files, ElementsAre(folder / "weft.png"));
  const NodeRun& draw = *now->node(document->id(), "draw");
  ASSERT_EQ(draw.outputs.size(), 1u);
  std::vector<int> greys;
  for (const auto& picture : draw.outputs[0].pictures) greys.push_back(picture->rgb[0]);
  EXPECT_THAT(greys, ElementsAre(99, 5, 6, 7));
  EXPECT_THAT(draw.outputs[0].captions, ElementsAre("table", "Grey 5", "Grey 6", "Grey 7"));
  const NodeRun& save = *now->node(document->id(), "save");
  EXPECT_EQ(save.state, NodeRun::State::Done);
  EXPECT_EQ(save.preview->rgb[0], 99);
}

TEST_F(Sweeps, FailAsAJobWithEachPictureThatFailedAndKeepTheOthers) {
  vary_it("grey", "12..14");
  RunQueue queue(registry, options);
  queue.add_sweep(*document);
  queue.wait_until_idle();
  const Job job = queue.state()->history.at(0);
  EXPECT_EQ(job.state, Job::State::Failed);
  ASSERT_EQ(job.problems.size(), 1u);
  EXPECT_THAT(job.problems[0].what, HasSubstr("Grey 13: "));
  EXPECT_EQ(job.files.size(), 1u);
}

TEST_F(Sweeps, OfAFileThatHoldsNonsenseFailWithASentence) {
  Workflow workflow = document->workflow();
  workflow.extra["sweep"] = "everything";
  document.emplace(std::move(workflow));
  RunQueue queue(registry, options);
  queue.add_sweep(*document);
  queue.wait_until_idle();
  EXPECT_THAT(queue.state()->history.at(0).problems.at(0).what, HasSubstr("\"sweep\" is no list"));
}

TEST_F(Sweeps, WaitOnTheDiskAsOtherJobsDo) {
  Job job{.id = 3, .title = "sweep", .workflow = std::make_shared<const Workflow>(document->workflow()), .cells = 6};
  write_job(job, folder / "queue");
  EXPECT_EQ(read_jobs(folder / "queue").at(0).cells, 6u);
}

}  // namespace
}  // namespace weft::editor
