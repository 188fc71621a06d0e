// Text becomes JSON in one place (base/json_builder.h), which bounds its depth: a value that is nested without end ends
// the stack of whoever copies it. A call of nlohmann's own parser elsewhere is found here, with its line.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "tests/rooms/room_table.h"

namespace weft::test {
namespace {

namespace fs = std::filesystem;

/// Bounds its depth itself: a header has three levels.
constexpr const char* kHeaderOfSafetensors = "nodes/sd/files/safetensors.cpp";

std::vector<std::string> other_parsers(const fs::path& root) {
  static const std::regex parser(R"(\b(json|Json|Literal|ordered_json)::(parse|accept|sax_parse|from_\w+)\()");
  std::vector<std::string> found;
  for (const std::string& name : sources_below(root)) {
    if (name == kHeaderOfSafetensors || name == "base/strict_json.cpp" || name == "base/foreign_json.cpp") continue;
    std::ifstream lines(root / name);
    int number = 0;
    for (std::string line; std::getline(lines, line);)
      if (++number; std::regex_search(line, parser)) found.push_back(name + ":" + std::to_string(number) + ": " + line);
  }
  return found;
}

TEST(Rooms, ReadJsonInOnePlace) { EXPECT_THAT(other_parsers(WEFT_SOURCE_DIR), testing::IsEmpty()); }

}  // namespace
}  // namespace weft::test
