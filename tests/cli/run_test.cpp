// weft run: what it does with each option, and what it leaves where.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

using RunCommand = WeftProgram;

constexpr char kSum[] = R"({
  "one": {"type": "test.number", "inputs": {"value": 1}},
  "two": {"type": "test.number", "inputs": {"value": 2}},
  "sum": {"type": "test.add", "inputs": {"a": {"link": "one.number"}, "b": {"link": "two.number"}}}})";
constexpr char kSumInterface[] = R"({"inputs": {"first": "one.value"}, "outputs": {"total": "sum.sum"}})";
constexpr char kSay[] = R"({"say": {"type": "test.say"}})";
constexpr char kSlow[] = R"({"slow": {"type": "test.slow", "inputs": {"steps": 5, "milliseconds": 20}}})";

TEST_F(RunCommand, PrintsTheInterfacesOutputsOnStdoutAndNothingElse) {
  const Outcome run = weft({"run", workflow(kSum, kSumInterface)});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.out, "total: 3\n");
}

TEST_F(RunCommand, PrintsNodeAndPortWhereThereIsNoInterface) {
  EXPECT_EQ(weft({"run", workflow(kSum)}).out, "sum.sum: 3\n");
}

TEST_F(RunCommand, PrintsALineForEachLineOfAText) {
  EXPECT_EQ(weft({"run", workflow(kSay), "--set", "say.text=a\nb"}).out, "say.said: a\nsay.said: b\n");
}

TEST_F(RunCommand, DescribesValuesThatAreNoText) {
  const std::string nodes =
      R"({"n": {"type": "test.number"}, "g": {"type": "test.gather", "inputs": {"number": {"link": "n.number"}}}})";
  const Outcome run = weft({"run", workflow(nodes, R"({"outputs": {"harvest": "g.basket"}})")});
  EXPECT_EQ(run.out, "harvest: test.basket {\"apples\":1}\n") << run.err;
}

TEST_F(RunCommand, ReadsAWorkflowFromStdin) {
  const std::string text = R"({"weft": 1, "nodes": {"say": {"type": "test.say"}}})";
  EXPECT_EQ(weft({"run", "-"}, {.input = text}).out, "say.said: hello\n");
}

TEST_F(RunCommand, ImportsWorkflowsOfComfyUI) {
  const std::string text = R"({"1": {"class_type": "EmptyLatentImage", "inputs": {"width": 64}},
    "2": {"class_type": "SVD_img2vid_Conditioning", "inputs": {"samples1": ["1", 0]}}})";
  std::ofstream(scratch_ / "comfy.json") << text;
  const Outcome check = weft({"check", "comfy.json"});
  EXPECT_EQ(weft({"check", "-"}, {.input = text}).out, check.out);
  EXPECT_THAT(check.err, HasSubstr("no node for 'SVD_img2vid_Conditioning'"));
  EXPECT_THAT(check.out,
      AllOf(HasSubstr("node \"2\": no plugin brings the node type 'comfyui.SVD_img2vid_Conditioning'"),
          Not(HasSubstr("node \"1\""))));
  EXPECT_EQ(check.exit, 2);
}

TEST_F(RunCommand, LeadsAroundBypassedNodesThatOnlyComfyUIHas) {
  const std::string text = R"({"version": 0.4, "nodes": [
    {"id": 1, "type": "EmptyLatentImage", "outputs": [{"name": "LATENT", "type": "LATENT"}], "widgets_values": [64, 64, 1]},
    {"id": 2, "type": "SVD_img2vid_Conditioning", "mode": 4, "inputs": [{"name": "samples1", "type": "LATENT", "link": 1}],
     "outputs": [{"name": "LATENT", "type": "LATENT"}], "widgets_values": [0.5]},
    {"id": 3, "type": "RepeatLatentBatch", "inputs": [{"name": "samples", "type": "LATENT", "link": 2}], "widgets_values": [2]}],
    "links": [[1, 1, 0, 2, 0, "LATENT"], [2, 2, 0, 3, 0, "LATENT"]]})";
  EXPECT_EQ(weft({"check", "-"}, {.input = text}).out, "-: no problems\n");
  EXPECT_EQ(weft({"run", "-", "--dry-run"}, {.input = text}).out,
      "1  latent.empty   light\n"
      "3  latent.repeat  light\n");
}

TEST_F(RunCommand, SetsInterfaceNamesAndNodePorts) {
  const Outcome run = weft({"run", workflow(kSum, kSumInterface), "--set", "first=40", "--set", "two.value=5"});
  EXPECT_EQ(run.out, "total: 45\n") << run.err;
}

TEST_F(RunCommand, TakesWhatStandsAfterTheFirstEqualsSignAsItIs) {
  const std::string file = workflow(kSay);
  for (const std::string text : {"a=b", "", "[1, 2]", "%%", "a,b", "--help", "'quoted' \"words\"", "Füchse 🦊 雪"})
    EXPECT_EQ(weft({"run", file, "--set", "say.text=" + text}).out, "say.said: " + text + "\n");
}

TEST_F(RunCommand, SettingDoesNotSwallowTheFile) {
  EXPECT_EQ(weft({"run", "--set", "say.text=x", workflow(kSay)}).out, "say.said: x\n");
}

TEST_F(RunCommand, NamesWhatCanBeSetOnATypingError) {
  const Outcome run = weft({"run", workflow(kSum, kSumInterface), "--set", "frist=4"});
  EXPECT_EQ(run.exit, 2);
  EXPECT_THAT(run.err, HasSubstr("frist"));
  EXPECT_THAT(run.err, HasSubstr("first"));
  EXPECT_EQ(run.out, "");
}

TEST_F(RunCommand, NamesEveryWrongSettingAtOnce) {
  const Outcome run =
      weft({"run", workflow(kSum), "--set", "one.valeu=4", "--set", "novalue", "--set", "two.value=many"});
  EXPECT_EQ(run.exit, 2);
  EXPECT_THAT(run.err, HasSubstr("valeu"));
  EXPECT_THAT(run.err, HasSubstr("NAME=VALUE"));
  EXPECT_THAT(run.err, HasSubstr("many"));
}

TEST_F(RunCommand, WritesFilesIntoTheOutputFolder) {
  const std::string file = workflow(R"({"w": {"type": "test.write"}})");
  EXPECT_EQ(weft({"run", file}).out, "w.path: out/file.txt\n");
  EXPECT_EQ(weft({"run", file, "--out", "deep/pictures"}).out, "w.path: deep/pictures/file.txt\n");
  EXPECT_THAT(files_in("deep/pictures"), ElementsAre("file.txt"));
}

TEST_F(RunCommand, RefusesAnOutputFolderThatIsAFileBeforeAnythingRuns) {
  file("taken");
  const Outcome run = weft({"run", workflow(R"({"w": {"type": "test.write"}})"), "--out", "taken/below"});
  EXPECT_EQ(run.exit, 2);
  EXPECT_THAT(run.err, HasSubstr("taken' is not a folder"));
}

TEST_F(RunCommand, SaysThatADiskIsFullAndLeavesNoHalfWrittenFile) {
  const std::string file = workflow(R"({"w": {"type": "test.write", "inputs": {"bytes": 5000000}}})");
  // The limit stands for a full disk: a write beyond it fails, as one to a full disk does.
  const Outcome run =
      command({"/bin/sh", "-c", "trap '' XFSZ; ulimit -f 1000; exec \"$0\" \"$@\"", WEFT_PROGRAM, "run", file});
  EXPECT_EQ(run.exit, 1);
  EXPECT_THAT(run.err, HasSubstr("node \"w\""));
  EXPECT_THAT(run.err, HasSubstr("cannot write"));
  EXPECT_THAT(files_in("out"), IsEmpty());
}

TEST_F(RunCommand, FailsIfTheResultsCannotBeWritten) {
  const Outcome run = command({"/bin/sh", "-c", "exec \"$0\" \"$@\" > /dev/full", WEFT_PROGRAM, "run", workflow(kSum)});
  EXPECT_EQ(run.exit, 1);
  EXPECT_THAT(run.err, HasSubstr("stdout"));
}

TEST_F(RunCommand, ANodeThatFailsIsNamedAndTheOthersResultsAreKept) {
  const Outcome run = weft({"run", workflow(R"({
    "bad": {"type": "test.fail"},
    "after": {"type": "test.write", "inputs": {"after": {"link": "bad.number"}}},
    "good": {"type": "test.write", "inputs": {"name": "good.txt"}}})")});
  EXPECT_EQ(run.exit, 1);
  EXPECT_THAT(run.err, HasSubstr("node \"bad\""));
  EXPECT_THAT(run.err, HasSubstr("the well is dry"));
  EXPECT_THAT(run.err, HasSubstr("dig deeper"));
  EXPECT_EQ(run.out, "good.path: out/good.txt\n");
}

TEST_F(RunCommand, PassesDtypeModelsAndTheWorkflowToNodes) {
  std::filesystem::create_directories(scratch_ / "mine/checkpoints");
  std::filesystem::create_directories(scratch_ / "comfy/models/vae");
  const Outcome run = weft({"run", workflow(R"({"s": {"type": "test.surroundings", "title": "T"}})"), "--dtype",
      "bfloat16", "--device", "cpu", "--models", "mine", "--models", "comfy", "--threads", "1"});
  EXPECT_THAT(run.out, HasSubstr("s.dtype: bfloat16\n")) << run.err;
  EXPECT_THAT(run.out, HasSubstr("s.device: cpu\n"));
  EXPECT_THAT(run.out,
      HasSubstr(
          "s.models: " + (scratch_ / "mine").string() + "\ns.models: " + (scratch_ / "comfy/models").string() + "\n"));
  EXPECT_THAT(run.out, HasSubstr("\"title\":\"T\""));
}

TEST_F(RunCommand, FindsModelsOfTheEnvironmentAndBesideTheWorkflow) {
  std::filesystem::create_directories(scratch_ / "project/workflows");
  std::filesystem::create_directories(scratch_ / "project/models/checkpoints");
  std::filesystem::create_directories(scratch_ / "elsewhere/checkpoints");
  const std::string inside =
      file("project/workflows/w.json", R"({"weft": 1, "nodes": {"s": {"type": "test.surroundings"}}})");
  const Outcome run = weft({"run", inside}, {.variables = {{"WEFT_MODELS", (scratch_ / "elsewhere").string()}}});
  EXPECT_THAT(run.out,
      HasSubstr("s.models: " + (scratch_ / "elsewhere").string() +
          "\ns.models: " + (scratch_ / "project/models").string() + "\n"))
      << run.err;
}

TEST_F(RunCommand, SaysWhichDeviceItTookInOneLine) {
  EXPECT_THAT(weft({"run", workflow(kSum), "--progress", "none"}).err, testing::MatchesRegex("weft: device [^\n]*\n"));
}

TEST_F(RunCommand, ShowsWarningsOfNodesAlsoWithoutProgress) {
  const Outcome run = weft({"run", workflow(R"({"w": {"type": "test.warn"}})"), "--progress", "none"});
  EXPECT_THAT(run.err, HasSubstr("warning: node \"w\": clouds ahead"));
}

TEST_F(RunCommand, PrintsLinesWhereThereIsNoTerminal) {
  const Outcome run = weft({"run", workflow(kSlow)});
  EXPECT_THAT(run.err, HasSubstr("[1/1] slow: done in "));
  EXPECT_THAT(run.err, HasSubstr("nodes: 1 ran, 0 cached"));
  EXPECT_THAT(run.err, Not(HasSubstr("\x1b")));
}

TEST_F(RunCommand, DrawsABarWithStepsAndTimeLeftAndClearsIt) {
  const Outcome run = weft({"run", workflow(kSlow), "--progress", "bar", "--set", "slow.milliseconds=150"});
  EXPECT_THAT(run.err, HasSubstr("slow 2/5, "));
  EXPECT_THAT(run.err, HasSubstr(" left"));
  const std::string last = run.err.substr(run.err.rfind('\r') + 1);
  EXPECT_THAT(last, StartsWith("\x1b[Kweft: finished in "));
}

TEST_F(RunCommand, JsonProgressIsOneEventALineAndNothingElse) {
  const Outcome run = weft({"run", workflow(kSlow), "--progress", "json"});
  std::vector<std::string> events;
  for (const auto& line : json_lines(run.err)) events.push_back(line.at("event"));
  EXPECT_THAT(events,
      testing::IsSupersetOf(
          {"run_started", "node_queued", "node_started", "node_progress", "node_finished", "run_finished"}));
  EXPECT_EQ(run.out, "slow.number: 5\n");
}

TEST_F(RunCommand, JsonProgressReportsProblemsAsEvents) {
  for (const std::string nodes : {R"({"x": {"type": "test.unknown"}})", R"({"x": {"type": "test.fail"}})"}) {
    std::vector<std::string> events, problem_nodes;
    for (const auto& line : json_lines(weft({"run", workflow(nodes), "--progress", "json"}).err)) {
      events.push_back(line.at("event"));
      if (line.at("event") == "problem") problem_nodes.push_back(line.at("node"));
    }
    EXPECT_THAT(events, Contains("problem"));
    EXPECT_THAT(problem_nodes, Contains("x"));
  }
}

TEST_F(RunCommand, DryRunPrintsThePlanInOrderAndRunsNothing) {
  const std::string nodes = R"({
    "w": {"type": "test.write", "inputs": {"after": {"link": "slow.number"}}},
    "slow": {"type": "test.slow"},
    "unused": {"type": "test.number"}})";
  const Outcome run = weft({"run", workflow(nodes), "--dry-run"});
  EXPECT_EQ(run.exit, 0) << run.err;
  EXPECT_EQ(run.out, "slow  test.slow   device\nw     test.write  io\n");
  EXPECT_THAT(files_in("out"), IsEmpty());
}

TEST_F(RunCommand, RefusesWrongUsageWithExitCodeTwo) {
  const std::string file = workflow(kSum);
  const std::vector<std::vector<std::string>> wrong = {{}, {"rnu"}, {"run"}, {"run", file, "extra"},
      {"run", file, "--device", "gpu"}, {"run", file, "--device", "cuda:"}, {"run", file, "--dtype", "int8"},
      {"run", file, "--threads", "-1"}, {"run", file, "--progress", "loud"}, {"run", file, "--unknown"},
      {"run", file, "--models", "nowhere"}};
  for (const auto& arguments : wrong) {
    const Outcome run = weft(arguments);
    EXPECT_EQ(run.exit, 2) << testing::PrintToString(arguments);
    EXPECT_NE(run.err, "") << testing::PrintToString(arguments);
    EXPECT_EQ(run.out, "") << testing::PrintToString(arguments);
  }
}

TEST_F(RunCommand, NamesTheNearestCommandOnATypingError) {
  EXPECT_THAT(weft({"rnu"}).err, HasSubstr("there is no command 'rnu': did you mean 'run'?"));
  EXPECT_THAT(weft({"plugin", "lst"}).err, HasSubstr("there is no command 'lst': did you mean 'list'?"));
  EXPECT_THAT(weft({}).err, HasSubstr("weft run workflows/"));  // the whole help
}

TEST_F(RunCommand, HelpAndVersionGoToStdout) {
  EXPECT_EQ(weft({"--help"}).exit, 0);
  EXPECT_THAT(weft({"--help"}).out, HasSubstr("weft run workflows/"));
  EXPECT_THAT(weft({"run", "--help"}).out, HasSubstr("--dry-run"));
  EXPECT_THAT(weft({"--version"}).out, StartsWith("weft 0."));
}

}  // namespace
}  // namespace weft::test
