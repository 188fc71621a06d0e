// Weft as it is installed: the programs find plugins, models, workflows and data below the prefix alone.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

namespace weft {
namespace {

namespace fs = std::filesystem;

std::string output_of(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  std::string output;
  std::array<char, 4096> part;
  while (const std::size_t count = std::fread(part.data(), 1, part.size(), pipe)) output.append(part.data(), count);
  pclose(pipe);
  return output;
}

class InstalledWeft : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string name = (fs::temp_directory_path() / "weft-installed-XXXXXX").string();
    prefix_ = mkdtemp(name.data());
    ASSERT_EQ(std::system(fmt::format(
                  "cmake --install {} --prefix {} > {}/log 2>&1", WEFT_BINARY_DIR, prefix_.string(), prefix_.string())
                      .c_str()),
        0)
        << output_of(fmt::format("tail -5 {}/log", prefix_.string()));
  }
  static void TearDownTestSuite() { fs::remove_all(prefix_); }

  static std::string weft() {
    return fmt::format("cd {} && env -u WEFT_MODELS -u WEFT_PLUGIN_PATH bin/weft", prefix_.string());
  }

  static inline fs::path prefix_;
};

/// Below `folder`, with the names of its files.
std::set<std::string> files_below(const fs::path& folder) {
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.insert(entry.path().lexically_relative(folder).string());
  return files;
}

TEST_F(InstalledWeft, HasTheModelsAndWorkflowsOfTheSources) {
  const fs::path sources = WEFT_SOURCE_DIR, share = prefix_ / "share/weft";
  for (const char* folder : {"models/checkpoints", "models/diffusion_models", "workflows"})
    EXPECT_EQ(files_below(share / folder), files_below(sources / folder)) << folder;
  EXPECT_TRUE(fs::exists(share / "translations/de/LC_MESSAGES/weft-edit.mo"));
  EXPECT_TRUE(fs::exists(prefix_ / "bin/weft-edit"));
}

/// The models that are not ours to bring are missing in both.
TEST_F(InstalledWeft, MissesNothingThatItsWorkflowsFindInTheSources) {
  std::size_t ready = 0;
  for (const std::string& file : files_below(prefix_ / "share/weft/workflows")) {
    if (!file.ends_with(".json") || file.ends_with("schema.json")) continue;
    const auto checked = [&](const std::string& program, const fs::path& folder) {
      const auto report =
          nlohmann::json::parse(output_of(fmt::format("{} check --json {}", program, (folder / file).string())));
      std::set<std::string> problems;
      for (const auto& problem : report["problems"]) problems.insert(problem["what"]);
      return problems;
    };
    const auto found = checked(weft(), prefix_ / "share/weft/workflows");
    EXPECT_EQ(found, checked(WEFT_BINARY_DIR "/bin/weft", fs::path(WEFT_SOURCE_DIR) / "workflows")) << file;
    ready += found.empty();
  }
  EXPECT_GE(ready, 8u);
}

TEST_F(InstalledWeft, RunsAWorkflowThatNeedsMoreThanACheckpoint) {
  const std::string workflow = "share/weft/workflows/explained/06-context-by-concatenation.json";
  EXPECT_EQ(std::system(fmt::format("{} run {} --progress none > /dev/null 2>&1", weft(), workflow).c_str()), 0);
  EXPECT_THAT(files_below(prefix_ / "out"), testing::SizeIs(1));
}

}  // namespace
}  // namespace weft
