// What keeps a workflow from running, and what it is run with: the same for every program.
#include "host/problems.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "host/environment.h"

namespace weft::host {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Load final : public Node {
  Param<std::string> name_{*this, "name", {.required = true, .widget = Widget::Model, .folder = "checkpoints"}};
  Output<std::string> model_{*this, "model"};
  void run(RunContext& ctx) const override { ctx.set(model_, ctx[name_]); }
};

class Show final : public Node {
  Input<std::string> model_{*this, "model", {.optional = true}};
  Param<std::string> file_{*this, "file", {.widget = Widget::File}};
  void run(RunContext&) const override {}
};

class ProblemsOfRun : public testing::Test {
 protected:
  ProblemsOfRun() {
    std::string name = (fs::temp_directory_path() / "weft-host-XXXXXX").string();
    folder = mkdtemp(name.data());
    registry.add<Load>("test.load", {});
    registry.add<Show>("test.show", {.result = true});
    workflow.graph.add({.id = "load", .type = "test.load", .inputs = {{"name", "gone.safetensors"}}});
    workflow.graph.add({.id = "show", .type = "test.show", .inputs = {{"model", Links{{"load", "model"}}}}});
  }
  ~ProblemsOfRun() override { fs::remove_all(folder); }

  std::vector<std::string> nodes_with_problems() {
    std::vector<std::string> nodes;
    for (const Problem& problem : problems_of_run(workflow, registry, make_environment({.workflow_folder = folder})))
      nodes.push_back(problem.node);
    return nodes;
  }

  fs::path folder;
  Registry registry;
  Workflow workflow;
};

TEST_F(ProblemsOfRun, NameAFileThatIsMissing) { EXPECT_THAT(nodes_with_problems(), ElementsAre("load")); }

TEST_F(ProblemsOfRun, LookForNoFileOfAMutedNode) {
  workflow.graph.set_state("load", NodeState::Muted);
  EXPECT_THAT(nodes_with_problems(), IsEmpty()) << "what it feeds goes without";
}

TEST_F(ProblemsOfRun, LookForFilesInsideSubgraphs) {
  workflow.subgraphs["source"].graph.add(
      {.id = "inner", .type = "test.load", .inputs = {{"name", "gone.safetensors"}}});
  workflow.subgraphs["source"].interface = {.outputs = {{"model", {"inner", "model"}}}};
  workflow.graph.add({.id = "instance", .type = "subgraph:source"});
  workflow.graph.set_input("show", "model", Links{{"instance", "model"}});
  EXPECT_THAT(nodes_with_problems(), ElementsAre("instance/inner"));
}

TEST_F(ProblemsOfRun, JudgeWhatIsWantedAlone) {
  workflow.graph.add({.id = "other", .type = "test.show"});
  const RunEnvironment environment = make_environment({.workflow_folder = folder});
  EXPECT_THAT(problems_of_run(workflow, registry, environment, std::vector<std::string>{"other"}), IsEmpty());
  EXPECT_THAT(problems_of_run(workflow, registry, environment, std::vector<std::string>{"nowhere"}).at(0).text(),
      HasSubstr("this node is wanted, but does not exist"));
}

TEST_F(ProblemsOfRun, AreNoneForTheFilesThatTheEnvironmentFinds) {
  fs::create_directories(folder / "models/checkpoints");
  std::ofstream(folder / "models/checkpoints/gone.safetensors") << "x";
  workflow.graph.set_input("show", "file", "a.png");
  EXPECT_THAT(nodes_with_problems(), ElementsAre("show"));
  fs::create_directories(folder / "input");
  std::ofstream(folder / "input/a.png") << "x";
  EXPECT_THAT(nodes_with_problems(), IsEmpty());
}

TEST(Environment, LooksForInputFilesInOneOrder) {
  const RunEnvironment environment =
      make_environment({.workflow_folder = "/w", .output_folder = "o", .dtype = "float16"});
  EXPECT_EQ(environment.workflow_folder, "/w");
  EXPECT_THAT(environment.input_folders, ElementsAre("/w/input", fs::current_path()));
  EXPECT_EQ(environment.output_folder, "o");
  EXPECT_EQ(environment.dtype, "float16");
}

}  // namespace
}  // namespace weft::host
