// What plugins and libraries write to stdout and stderr: a message each line, never a result, never half of an event.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::SizeIs;

class ForeignOutput : public WeftProgram {
 protected:
  std::string printing(const std::string& where, const std::string& text) const {
    const nlohmann::json nodes = {{"p", {{"type", "test.print"}, {"inputs", {{"where", where}, {"text", text}}}}}};
    return workflow(nodes.dump());
  }

  /// The lines that node `p` wrote, as events.
  static std::vector<std::string> messages_of_p(const std::string& err) {
    std::vector<std::string> texts;
    for (const nlohmann::json& line : json_lines(err))
      if (line.at("event") == "message" && line.value("node", "") == "p") texts.push_back(line.at("text"));
    return texts;
  }
};

TEST_F(ForeignOutput, IsAMessageOfItsNodeAndNoResultWhereverItWasWritten) {
  for (const char* where : {"printf", "stderr", "cout", "cerr", "write", "child"}) {
    const Outcome run = weft({"run", printing(where, "one\ntwo\n"), "--progress", "json"});
    EXPECT_EQ(run.exit, 0) << where << run.err;
    EXPECT_EQ(run.out, "p.number: 1\n") << where;
    EXPECT_THAT(messages_of_p(run.err), testing::ElementsAre("one", "two")) << where << "\n" << run.err;
  }
}

TEST_F(ForeignOutput, ALineThatWasNotEndedIsToldAsWell) {
  for (const char* where : {"printf", "stderr", "cout", "cerr", "write"})
    EXPECT_THAT(messages_of_p(weft({"run", printing(where, "half a line"), "--progress", "json"}).err),
        testing::ElementsAre("half a line"))
        << where;
}

TEST_F(ForeignOutput, NamesItsNodeToPeopleAndIsHarmless) {
  const Outcome run = weft({"run", printing("stderr", "red \x1b[31m alert\n"), "--progress", "none"});
  EXPECT_THAT(run.err, HasSubstr("weft: node \"p\": red ?[31m alert\n"));
}

TEST_F(ForeignOutput, LinesThatAreWrittenInPiecesOnTwoThreadsDoNotFuse) {
  const Outcome run = weft({"run", workflow(R"({
    "a": {"type": "test.print", "inputs": {"where": "pieces", "text": "apple"}},
    "b": {"type": "test.print", "inputs": {"where": "pieces", "text": "berry"}}})"),
      "--progress", "json"});
  std::map<std::string, std::vector<std::string>> texts;
  for (const nlohmann::json& line : json_lines(run.err))
    if (line.at("event") == "message" && line.contains("node")) texts[line.at("node")].push_back(line.at("text"));
  EXPECT_THAT(texts["a"], testing::AllOf(SizeIs(200), Each("warning: apple")));
  EXPECT_THAT(texts["b"], testing::AllOf(SizeIs(200), Each("warning: berry")));
}

TEST_F(ForeignOutput, ManyLinesThroughTheDescriptorAllArrive) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += fmt::format("line {}\n", i);
  const std::vector<std::string> told = messages_of_p(weft({"run", printing("write", text), "--progress", "json"}).err);
  ASSERT_EQ(told.size(), 20'000u);
  EXPECT_EQ(told.back(), "line 19999");
}

TEST_F(ForeignOutput, ALineWithoutEndComesInPieces) {
  const std::vector<std::string> told =
      messages_of_p(weft({"run", printing("printf", std::string(100'000, 'x')), "--progress", "json"}).err);
  std::string all;
  for (const std::string& piece : told) all += piece;
  EXPECT_EQ(all, std::string(100'000, 'x'));
  EXPECT_GT(told.size(), 10u);
}

}  // namespace
}  // namespace weft::test
