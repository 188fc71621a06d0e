// A new user's way: a plugin project outside of the tree, configured, built, installed into the per-user
// folder, listed, and run in its workflow; against Weft's build folder and against an installed Weft. Every
// step is a program, as the user starts it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "plugins/loader.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kMostSeconds = 60;

std::string run_or_fail(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string output;
  std::array<char, 4096> part;
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), pipe))
    output.append(part.data(), count);
  EXPECT_EQ(pclose(pipe), 0) << command << '\n' << output;
  return output;
}

/// An empty folder that stands for a user: plugins are installed below it, files written into it.
class NewPlugin : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "weft-new-plugin-XXXXXX").string();
    ASSERT_TRUE(mkdtemp(name.data()));
    home_ = name;
    setenv("XDG_DATA_HOME", (home_ / "data").c_str(), 1);
    unsetenv("WEFT_PLUGIN_PATH");
  }
  void TearDown() override { fs::remove_all(home_); }

  /// Makes, builds and installs a plugin with the `weft` below `prefix`; returns how long it took, in
  /// seconds.
  double make_and_build(const fs::path& prefix) const {
    const auto start = std::chrono::steady_clock::now();
    run_or_fail(fmt::format("cd {} && {}/bin/weft plugin new my_stripes", home_.string(), prefix.string()));
    run_or_fail(
        fmt::format("cd {}/my_stripes && cmake -S . -B build && cmake --build build", home_.string()));
    run_or_fail(fmt::format("cmake --install {}/my_stripes/build", home_.string()));
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    fmt::print("made, configured, built and installed in {:.1f} s\n", time.count());
    return time.count();
  }

  void expect_that_it_is_listed_and_runs(const fs::path& prefix) const {
    Registry registry;
    const PluginHost host(registry, {user_plugin_folder()});
    ASSERT_EQ(host.plugins().size(), 1u);
    EXPECT_EQ(host.plugins()[0].problem, "");
    EXPECT_THAT(host.plugins()[0].nodes, ElementsAre("my_stripes.stripes"));
    const std::string weft = (prefix / "bin/weft").string();
    EXPECT_THAT(run_or_fail(weft + " nodes"), HasSubstr("my_stripes.stripes"));
    run_or_fail(
        fmt::format("{} run {}/my_stripes/workflow.json --out {}/out", weft, home_.string(), home_.string()));
    EXPECT_FALSE(fs::is_empty(home_ / "out"));
    run_or_fail(fmt::format("{} plugin check {}", weft, host.plugins()[0].library.string()));
  }

  fs::path home_;
};

TEST_F(NewPlugin, IsBuiltAgainstABuiltWeftInUnderAMinuteAndRuns) {
  const double seconds = make_and_build(WEFT_BINARY_DIR);
  RecordProperty("seconds", fmt::format("{:.1f}", seconds));
  EXPECT_LE(seconds, kMostSeconds) << "is something else building on this machine?";
  expect_that_it_is_listed_and_runs(WEFT_BINARY_DIR);
}

TEST_F(NewPlugin, IsBuiltAgainstAnInstalledWeftAndRuns) {
  const fs::path prefix = home_ / "installed";
  run_or_fail(fmt::format("cmake --install {} --prefix {}", WEFT_BINARY_DIR, prefix.string()));
  make_and_build(prefix);
  expect_that_it_is_listed_and_runs(prefix);
}

}  // namespace
}  // namespace weft
