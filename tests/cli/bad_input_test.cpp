// What users get wrong: `run` and `check` refuse it with exit code 2 and a message that names the place and
// the remedy.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

using testing::HasSubstr;

class BadInput : public WeftProgram {
 protected:
  /// Both commands refuse the file and say all of this.
  void expect_refused(const std::string& file, const std::vector<std::string>& said) {
    const Outcome run = weft({"run", file});
    const Outcome check = weft({"check", file});
    EXPECT_EQ(run.exit, 2) << run.err;
    EXPECT_EQ(check.exit, 2) << check.out;
    EXPECT_EQ(run.out, "");
    for (const std::string& text : said) {
      EXPECT_THAT(run.err, HasSubstr(text));
      EXPECT_THAT(check.out, HasSubstr(text));
    }
  }
};

TEST_F(BadInput, FileThatDoesNotExist) { expect_refused("nothing.json", {"nothing.json"}); }
TEST_F(BadInput, FileThatIsAFolder) { expect_refused(".", {"."}); }
TEST_F(BadInput, EmptyFile) { expect_refused(file("empty.json"), {"empty.json"}); }
TEST_F(BadInput, NotJson) { expect_refused(file("x.json", "{\"weft\": 1,\n oops}"), {"x.json", "line 2"}); }
TEST_F(BadInput, JsonThatIsNoWorkflow) { expect_refused(file("x.json", "[1, 2]"), {"x.json"}); }
TEST_F(BadInput, NotUtf8) { expect_refused(file("x.json", "{\"weft\": 1, \"nodes\": {\"\xff\": {}}}"), {"x.json"}); }

TEST_F(BadInput, DeepNesting) {
  const std::string deep(200000, '[');
  expect_refused(file("deep.json", deep), {"deep.json"});
  const std::string inside = std::string(5000, '[') + std::string(5000, ']');
  expect_refused(file("deep2.json", R"({"weft": 1, "nodes": {"a": {"type": "test.say", "ui": )" + inside + "}}}"),
      {"deep2.json", "100"});
}

TEST_F(BadInput, UnknownVersion) { expect_refused(file("x.json", R"({"weft": 99, "nodes": {}})"), {"99"}); }
TEST_F(BadInput, NothingToRun) { expect_refused(workflow("{}"), {"nothing"}); }

TEST_F(BadInput, UnknownNodeWithTheNearestName) {
  expect_refused(workflow(R"({"n": {"type": "test.numbre"}})"), {"\"n\"", "test.numbre", "test.number"});
}

TEST_F(BadInput, UnknownPortWithTheNearestName) {
  expect_refused(workflow(R"({"n": {"type": "test.number", "inputs": {"valeu": 3}}})"), {"\"n\"", "valeu", "value"});
}

TEST_F(BadInput, MissingLink) {
  expect_refused(workflow(R"({"n": {"type": "test.number"},
                              "s": {"type": "test.add", "inputs": {"a": {"link": "n.number"}}}})"),
      {"\"s\"", "\"b\""});
}

TEST_F(BadInput, LinkToAMissingNode) {
  expect_refused(workflow(R"({"s": {"type": "test.gather", "inputs": {"number": {"link": "ghost.number"}}}})"),
      {"\"s\"", "ghost"});
}

TEST_F(BadInput, CycleIsNamed) {
  expect_refused(workflow(R"({"a": {"type": "test.add", "inputs": {"a": {"link": "b.sum"}, "b": {"link": "b.sum"}}},
                              "b": {"type": "test.add", "inputs": {"a": {"link": "a.sum"}, "b": {"link": "a.sum"}}}})"),
      {"a -> b -> a"});
}

TEST_F(BadInput, LinkOfTheWrongType) {
  expect_refused(workflow(R"({"t": {"type": "test.say"},
                              "g": {"type": "test.gather", "inputs": {"number": {"link": "t.said"}}}})"),
      {"\"g\"", "string", "int"});
}

TEST_F(BadInput, ValueOfTheWrongType) {
  expect_refused(
      workflow(R"({"n": {"type": "test.number", "inputs": {"value": "seven"}}})"), {"\"n\"", "value", "seven"});
}

TEST_F(BadInput, ValueOutOfRange) {
  expect_refused(workflow(R"({"n": {"type": "test.number", "inputs": {"value": 101}}})"), {"\"n\"", "101", "100"});
}

TEST_F(BadInput, ValueThatIsNoChoice) {
  expect_refused(workflow(R"({"t": {"type": "test.say", "inputs": {"mood": "lowd"}}})"), {"\"t\"", "lowd", "loud"});
}

TEST_F(BadInput, MissingModelWithWhatThereIs) {
  file("models/checkpoints/v1-5.safetensors");
  expect_refused(workflow(R"({"m": {"type": "test.use_model", "inputs": {"model": "v1-6.safetensors"}}})"),
      {"\"m\"", "v1-6.safetensors", "did you mean 'v1-5.safetensors'?"});
}

TEST_F(BadInput, ModelNameThatLeadsOutOfItsFolder) {
  file("models/checkpoints/a.safetensors");
  file("models/secret.safetensors");
  expect_refused(workflow(R"({"m": {"type": "test.use_model", "inputs": {"model": "../secret.safetensors"}}})"),
      {"\"m\"", "../secret.safetensors"});
}

TEST_F(BadInput, MissingInputFile) {
  expect_refused(workflow(R"({"r": {"type": "test.read_file", "inputs": {"file": "photo.png"}}})"),
      {"\"r\"", "there is no file 'photo.png'"});
}

TEST_F(BadInput, InterfaceThatLeadsNowhere) {
  expect_refused(workflow(R"({"t": {"type": "test.say"}})", R"({"outputs": {"x": "t.sayd"}})"), {"sayd"});
}

TEST_F(BadInput, EveryProblemIsNamedNotOnlyTheFirst) {
  expect_refused(workflow(R"({"n": {"type": "test.number", "inputs": {"value": 101}},
                              "t": {"type": "test.say", "inputs": {"mood": "lowd"}},
                              "u": {"type": "test.unknown"}})"),
      {"\"n\"", "\"t\"", "\"u\""});
}

TEST_F(BadInput, ControlCharactersOfAFileDoNotReachTheTerminal) {
  const std::string nodes = R"({"n\u001b[2J": {"type": "test.unknown"}})";
  EXPECT_THAT(weft({"run", workflow(nodes)}).err, testing::Not(HasSubstr("\x1b")));
  EXPECT_THAT(weft({"check", workflow(nodes)}).out, testing::Not(HasSubstr("\x1b")));
}

using CheckCommand = WeftProgram;

TEST_F(CheckCommand, SaysThatAWorkflowIsGood) {
  const Outcome check = weft({"check", workflow(R"({"t": {"type": "test.say"}})")});
  EXPECT_EQ(check.exit, 0);
  EXPECT_EQ(check.out, "workflow.json: no problems\n");
}

TEST_F(CheckCommand, ReportsAsJson) {
  const std::string bad = workflow(R"({"n": {"type": "test.number", "inputs": {"value": 101}}})");
  const auto report = nlohmann::json::parse(weft({"check", bad, "--json"}).out);
  EXPECT_EQ(report.at("ok"), false);
  ASSERT_EQ(report.at("problems").size(), 1u);
  EXPECT_EQ(report.at("problems")[0].at("node"), "n");
  EXPECT_EQ(report.at("problems")[0].at("port"), "value");
  EXPECT_NE(report.at("problems")[0].at("remedy"), "");
  const std::string good = workflow(R"({"n": {"type": "test.number"}})");
  EXPECT_EQ(nlohmann::json::parse(weft({"check", good, "--json"}).out).at("ok"), true);
}

TEST_F(CheckCommand, ReadsAWorkflowFromStdin) {
  EXPECT_EQ(weft({"check", "-"}, {.input = R"({"weft": 1, "nodes": {"t": {"type": "test.say"}}})"}).exit, 0);
}

TEST_F(CheckCommand, TakesModelsFromWhereItIsTold) {
  file("elsewhere/checkpoints/fox.safetensors");
  const std::string wants = workflow(R"({"m": {"type": "test.use_model", "inputs": {"model": "fox.safetensors"}}})");
  EXPECT_EQ(weft({"check", wants}).exit, 2);
  EXPECT_EQ(weft({"check", wants, "--models", "elsewhere"}).exit, 0);
}

}  // namespace
}  // namespace weft::test
