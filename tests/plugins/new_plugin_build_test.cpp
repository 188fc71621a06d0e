// A new user's way: a plugin project outside of the tree, configured, built, installed into the per-user folder, listed,
// and run in its workflow. Every step is a program, as the user starts it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "plugins/loader.h"
#include "plugins/new_plugin.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::HasSubstr;

constexpr double kMostSeconds = 60;

std::string run_or_fail(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string output;
  std::array<char, 4096> part;
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), pipe)) output.append(part.data(), count);
  EXPECT_EQ(pclose(pipe), 0) << command << '\n' << output;
  return output;
}

TEST(NewPlugin, IsBuiltInstalledListedAndRunInUnderAMinute) {
  std::string root = (fs::temp_directory_path() / "weft-new-plugin-XXXXXX").string();
  ASSERT_TRUE(mkdtemp(root.data()));
  setenv("XDG_DATA_HOME", (root + "/data").c_str(), 1);
  unsetenv("WEFT_PLUGIN_PATH");
  const std::string project = root + "/stripes_of_mine";
  const auto start = std::chrono::steady_clock::now();

  create_plugin_project("stripes_of_mine", project, WEFT_BINARY_DIR);
  run_or_fail(fmt::format("cmake -S {0} -B {0}/build", project));
  run_or_fail(fmt::format("cmake --build {}/build", project));
  run_or_fail(fmt::format("cmake --install {}/build", project));
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  RecordProperty("seconds", fmt::format("{:.1f}", time.count()));
  fmt::print("configured, built and installed in {:.1f} s\n", time.count());

  Registry registry;
  const PluginHost host(registry, {user_plugin_folder()});
  ASSERT_EQ(host.plugins().size(), 1u);
  EXPECT_EQ(host.plugins()[0].problem, "");
  EXPECT_THAT(host.plugins()[0].nodes, Contains("stripes_of_mine.stripes"));
  EXPECT_THAT(run_or_fail(WEFT_PROGRAM " nodes"), HasSubstr("stripes_of_mine.stripes"));
  run_or_fail(fmt::format("{} run {}/workflow.json --out {}/out", WEFT_PROGRAM, project, root));
  EXPECT_FALSE(fs::is_empty(root + "/out"));
  EXPECT_LE(time.count(), kMostSeconds) << "is something else building on this machine?";
  fs::remove_all(root);
}

}  // namespace
}  // namespace weft
