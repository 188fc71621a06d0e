// Folders are layers: graph <- plugins <- nodes, graph + plugins <- host <- cli, editor. An #include that points the
// other way is refused here, with its line.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "tests/plugins/plugin_folder.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kTorch = "torch/|ATen/|c10/";
const std::string kWindows = "imgui|implot|GLFW/";
const std::string kNetwork = "boost/beast|boost/asio|nats";

/// Files below `folder` (but not below any of `except`) include nothing that begins with `forbidden`.
struct Rule {
  std::string folder;
  std::vector<std::string> except;
  std::string forbidden;
};

const std::vector<Rule>& rules() {
  static const std::vector<Rule> all = {
      {"graph", {}, kTorch + "|" + kWindows + "|" + kNetwork + "|plugins/|nodes/|host/|cli/|editor/|training/"},
      {"plugins", {"plugins/examples", "plugins/template"},
          kWindows + "|" + kNetwork + "|nodes/|host/|cli/|editor/|training/"},
      // Reading manifests takes no libtorch into memory: only what authors include, and the devices, know it.
      {"plugins",
          {"plugins/examples", "plugins/template", "devices/torch", "devices/cuda", "plugins/sdk.h", "plugins/values.h",
              "plugins/stamp.h"},
          kTorch},
      {"plugins/examples", {}, "cli/|editor/|training/|tests/"},
      {"nodes", {}, kWindows + "|" + kNetwork + "|host/|cli/|editor/|training/"},
      {"nodes/sd", {}, "nodes/(?!sd/)"},
      {"host", {}, kTorch + "|" + kWindows + "|nodes/|cli/|editor/|training/"},
      {"cli", {}, kTorch + "|" + kWindows + "|nodes/|training/"},
      {"editor", {}, kTorch + "|nodes/|cli/|training/"},
      {"training", {}, "cli/|editor/|" + kWindows},
  };
  return all;
}

bool is_below(const std::string& file, const std::string& folder) {
  return file == folder || file.starts_with(folder + "/");
}

bool is_source(const fs::path& file) {
  const std::string ending = file.extension();
  return ending == ".h" || ending == ".cpp" || ending == ".cu" || ending == ".inc";
}

void find_wrong_includes(
    const fs::path& root, const fs::path& file, const Rule& rule, std::vector<std::string>& wrong) {
  static const std::regex include(R"(^\s*#\s*include\s*[<"]([^">]+)[">])");
  const std::regex forbidden("^(" + rule.forbidden + ")");
  std::ifstream lines(file);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::smatch found;
    if (!std::regex_search(line, found, include)) continue;
    const std::string what = found[1];
    if (std::regex_search(what, forbidden))
      wrong.push_back(fs::relative(file, root).string() + ":" + std::to_string(number) + ": " + rule.folder +
          "/ must not include " + what);
  }
}

std::vector<std::string> wrong_includes(const fs::path& root) {
  std::vector<std::string> wrong;
  for (const Rule& rule : rules()) {
    if (!fs::exists(root / rule.folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / rule.folder)) {
      const std::string name = fs::relative(entry.path(), root);
      const bool excepted =
          std::ranges::any_of(rule.except, [&](const auto& folder) { return is_below(name, folder); });
      if (entry.is_regular_file() && is_source(entry.path()) && !excepted)
        find_wrong_includes(root, entry.path(), rule, wrong);
    }
  }
  return wrong;
}

TEST(Layers, EveryIncludePointsDown) { EXPECT_THAT(wrong_includes(WEFT_SOURCE_DIR), IsEmpty()); }

TEST(Layers, AnIncludeThatPointsUpIsFound) {
  const test::PluginFolder root;
  fs::create_directories(root.path() / "graph/deep");
  fs::create_directories(root.path() / "plugins/examples/x");
  fs::create_directories(root.path() / "nodes/sd");
  root.write_file("graph/deep/a.cpp", "#include <vector>\n  # include <torch/torch.h>\n");
  root.write_file("plugins/b.h", "#include \"nodes/sd/values/values.h\"\n// #include <torch/torch.h>\n");
  root.write_file("plugins/examples/x/c.cpp", "#include \"nodes/sd/values/values.h\"\n");
  root.write_file("nodes/sd/d.h", "#include \"nodes/sd/networks/vae.h\"\n#include \"nodes/image/nodes.h\"\n");
  EXPECT_THAT(wrong_includes(root.path()),
      ElementsAre("graph/deep/a.cpp:2: graph/ must not include torch/torch.h",
          "plugins/b.h:1: plugins/ must not include nodes/sd/values/values.h",
          "nodes/sd/d.h:2: nodes/sd/ must not include nodes/image/nodes.h"));
}

}  // namespace
}  // namespace weft
