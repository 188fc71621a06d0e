// Text becomes JSON in one place (base/json_builder.h), which bounds its depth: a value that is nested without end ends
// the stack of whoever copies it. A call of nlohmann's own parser elsewhere is found here, with its line.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

namespace weft {
namespace {

namespace fs = std::filesystem;

/// Bounds its depth itself: a header has three levels.
constexpr const char* kHeaderOfSafetensors = "nodes/sd/files/safetensors.cpp";

std::vector<std::string> other_parsers(const fs::path& root) {
  static const std::regex parser(R"(\b(json|Json|Literal|ordered_json)::(parse|accept|sax_parse|from_\w+)\()");
  std::vector<std::string> found;
  for (const char* folder : {"graph", "plugins", "nodes", "cli", "editor", "training"})
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const std::string name = fs::relative(entry.path(), root);
      const bool source = name.ends_with(".cpp") || name.ends_with(".h");
      if (!source || name == kHeaderOfSafetensors || name == "base/strict_json.cpp" || name == "base/foreign_json.cpp")
        continue;
      std::ifstream lines(entry.path());
      int number = 0;
      for (std::string line; std::getline(lines, line);)
        if (++number; std::regex_search(line, parser))
          found.push_back(name + ":" + std::to_string(number) + ": " + line);
    }
  return found;
}

TEST(Layers, JsonHasOneReader) { EXPECT_THAT(other_parsers(WEFT_SOURCE_DIR), testing::IsEmpty()); }

}  // namespace
}  // namespace weft
