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

TEST_F(Cancel, OneCtrlCIsEnoughForANodeThatDoesNotListen) {
  const auto run = start({"run", workflow(R"({"x": {"type": "test.stubborn"}})"), "--progress", "json"});
  run->await_error_text("node_progress");
  const auto asked = Clock::now();
  run->signal(SIGTERM);
  EXPECT_EQ(run->wait().exit, 130);
  EXPECT_LT(Clock::now() - asked, std::chrono::seconds(20));  // the node would take a minute
}

TEST_F(Cancel, LandsAtAnyMomentOfALongRun) {
  const Surrounding standard = {.variables = {{"WEFT_PLUGIN_PATH", ""}}};
  for (const int milliseconds : {50, 400, 1100, 1900, 3000}) {
    const auto run = start({"run", WEFT_SOURCE_DIR "/workflows/text-to-image.json", "--set", "size.width=1024", "--set",
                               "size.height=1024", "--set", "sampler.steps=500", "--progress", "json"},
        standard);
    usleep(static_cast<useconds_t>(milliseconds) * 1000);
    const auto asked = Clock::now();
    run->signal(SIGINT);
    EXPECT_THAT(run->wait().exit, testing::AnyOf(130, 128 + SIGINT)) << milliseconds;  // or before it watched signals
    EXPECT_LT(Clock::now() - asked, std::chrono::seconds(20)) << milliseconds;
    EXPECT_THAT(files_in("out"), testing::IsEmpty());
  }
}

}  // namespace
}  // namespace weft::test
