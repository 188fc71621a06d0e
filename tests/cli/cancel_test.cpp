// Ctrl-C and SIGTERM.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>

#include "tests/cli/weft_program.h"

namespace weft::test {
namespace {

using Clock = std::chrono::steady_clock;
using Cancel = WeftProgram;

constexpr char kSlowThenWrite[] = R"({
  "slow": {"type": "test.slow", "inputs": {"steps": 100, "milliseconds": 300}},
  "w": {"type": "test.write", "inputs": {"after": {"link": "slow.number"}}}})";

TEST_F(Cancel, StopsWithinOneStepAndLeavesNoFile) {
  for (const int number : {SIGINT, SIGTERM}) {
    const auto run = start({"run", workflow(kSlowThenWrite), "--progress", "json"});
    run->await_error_text("node_progress");
    const auto asked = Clock::now();
    run->signal(number);
    const Outcome outcome = run->wait();
    EXPECT_EQ(outcome.exit, 130);
    EXPECT_EQ(outcome.out, "");
    EXPECT_LT(Clock::now() - asked, std::chrono::milliseconds(300 + 1500));  // a step, and the process's end
    EXPECT_THAT(files_in("out"), testing::IsEmpty());
    EXPECT_EQ(json_lines(outcome.err).back().at("cancelled"), true);
  }
}

TEST_F(Cancel, TheSecondCtrlCEndsANodeThatDoesNotListen) {
  const auto run = start({"run", workflow(R"({"x": {"type": "test.stubborn"}})"), "--progress", "json"});
  run->await_error_text("node_progress");
  const auto asked = Clock::now();
  run->signal(SIGINT);
  usleep(200'000);
  run->signal(SIGINT);
  EXPECT_EQ(run->wait().exit, 130);
  EXPECT_LT(Clock::now() - asked, std::chrono::seconds(5));
}

}  // namespace
}  // namespace weft::test
