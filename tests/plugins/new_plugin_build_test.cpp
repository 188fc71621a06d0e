// A new user's way: a plugin project outside of the tree, configured, built, installed into the per-user
// folder, listed, and run in its workflow; against Weft's build folder and against an installed Weft. Every
// step is a program, as the user starts it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "plugins/loader.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kMostSeconds = 60;

/// The exit status, and all that it wrote.
std::pair<int, std::string> output_of(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string output;
  std::array<char, 4096> part;
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), pipe)) output.append(part.data(), count);
  return {pclose(pipe), output};
}

std::string run_or_fail(const std::string& command) {
  const auto [status, output] = output_of(command);
  EXPECT_EQ(status, 0) << command << '\n' << output;
  return output;
}

double seconds_of_children() {
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  const auto seconds = [](const timeval& time) { return time.tv_sec + time.tv_usec * 1e-6; };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
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

  /// Makes, builds and installs a plugin with the `weft` below `prefix`; returns the seconds of computing
  /// that it took. (One file is compiled: on a machine without other work, it takes hardly longer.)
  double make_and_build(const fs::path& prefix) const {
    const double before = seconds_of_children();
    run_or_fail(fmt::format("cd {} && {}/bin/weft plugin new my_stripes", home_.string(), prefix.string()));
    run_or_fail(fmt::format("cd {}/my_stripes && cmake -S . -B build && cmake --build build", home_.string()));
    run_or_fail(fmt::format("cmake --install {}/my_stripes/build", home_.string()));
    return seconds_of_children() - before;
  }

  void expect_that_it_is_listed_and_runs(const fs::path& prefix) const {
    Registry registry;
    const PluginHost host(registry, {user_plugin_folder()});
    ASSERT_EQ(host.plugins().size(), 1u);
    EXPECT_EQ(host.plugins()[0].problem, "");
    EXPECT_THAT(host.plugins()[0].nodes, ElementsAre("my_stripes.stripes"));
    const std::string weft = (prefix / "bin/weft").string();
    EXPECT_THAT(run_or_fail(weft + " nodes"), HasSubstr("my_stripes.stripes"));
    run_or_fail(fmt::format("{} run {}/my_stripes/workflow.json --out {}/out", weft, home_.string(), home_.string()));
    EXPECT_FALSE(fs::is_empty(home_ / "out"));
    run_or_fail(fmt::format("{} plugin check {}", weft, host.plugins()[0].library.string()));
  }

  fs::path home_;
};

TEST_F(NewPlugin, IsBuiltAgainstABuiltWeftInUnderAMinuteAndRuns) {
  const double seconds = make_and_build(WEFT_BINARY_DIR);
  fmt::print("made, configured, built and installed in {:.1f} s\n", seconds);
  EXPECT_LE(seconds, kMostSeconds);
  expect_that_it_is_listed_and_runs(WEFT_BINARY_DIR);
}

TEST_F(NewPlugin, IsBuiltAgainstAnInstalledWeftAndRuns) {
  const fs::path prefix = home_ / "installed";
  run_or_fail(fmt::format("cmake --install {} --prefix {}", WEFT_BINARY_DIR, prefix.string()));
  make_and_build(prefix);
  expect_that_it_is_listed_and_runs(prefix);

  std::ofstream(prefix / "include/weft/graph/value.h", std::ios::app) << "// another version's\n";
  EXPECT_THAT(output_of(fmt::format("cmake --build {}/my_stripes/build", home_.string())).second,
      HasSubstr("was built against other headers of Weft"));
}

}  // namespace
}  // namespace weft
