// JSON that others wrote: what is let pass, and what is refused.
#include "base/foreign_json.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "base/text_file.h"
#include "graph/workflow.h"

namespace weft {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string complaint(const std::string& text) {
  try {
    read_foreign_json(text, "cat.json");
    return "";
  } catch (const GraphError& error) {
    return error.what();
  }
}

TEST(ForeignJson, IsReadAsOtherReadersDo) {
  EXPECT_EQ(read_foreign_json(R"({"a": [1, -2, 2.5, null, true, "x"], "b": {}})", ""),
      json::parse(R"({"a": [1, -2, 2.5, null, true, "x"], "b": {}})"));
  EXPECT_EQ(read_foreign_json(R"({"a": 1, "a": {"b": 2}})", ""), json::parse(R"({"a": {"b": 2}})"))
      << "the last counts";
  EXPECT_EQ(read_foreign_json("18446744073709551615", ""), 18446744073709551615u);
  EXPECT_EQ(read_foreign_json("18446744073709551616", ""), 18446744073709551616.0);
}

TEST(ForeignJson, NumbersThatPythonWritesAreNull) {
  EXPECT_EQ(read_foreign_json(R"([NaN, -Infinity, {"a": Infinity}])", ""), json::parse(R"([null, null, {"a": null}])"));
  EXPECT_EQ(read_foreign_json(R"(["NaN", "a \"NaN", "\\", NaN, "-Infinity"])", ""),
      json::parse(R"(["NaN", "a \"NaN", "\\", null, "-Infinity"])"))
      << "inside of texts they are words";
  EXPECT_THAT(complaint("[NaNa]"), HasSubstr("cat.json is not JSON"));
  EXPECT_THAT(complaint("[\"NaN"), HasSubstr("cat.json is not JSON"));
}

TEST(ForeignJson, MayBeginWithAByteOrderMark) {
  EXPECT_EQ(read_foreign_json("\xef\xbb\xbf[1]", ""), json::parse("[1]"));
  EXPECT_EQ(read_foreign_json(std::string("\xff\xfe[\0"
                                          "1\0]\0",
                                  8),
                ""),
      json::parse("[1]"));
  EXPECT_EQ(read_foreign_json(std::string("\xfe\xff\0[\0"
                                          "1\0]",
                                  8),
                ""),
      json::parse("[1]"));
}

TEST(ForeignJson, OurOwnFilesMayBeUtf16Too) {
  EXPECT_NO_THROW(parse_workflow("\xef\xbb\xbf{\"weft\": 1, \"nodes\": {}}"));
  std::string utf16 = "\xff\xfe";
  for (const char c : std::string(R"({"weft": 1, "nodes": {}})")) utf16 += {c, '\0'};
  EXPECT_NO_THROW(parse_workflow(utf16));
}

TEST(ForeignJson, SaysWhereItIsWrong) {
  EXPECT_THAT(complaint("{\"a\": 1,\n oops}"), HasSubstr("cat.json is not JSON: line 2, column 2"));
  EXPECT_THAT(complaint(""), HasSubstr("cat.json is not JSON"));
  EXPECT_THAT(complaint("[\"\xff\"]"), HasSubstr("cat.json is not JSON"));
}

TEST(ForeignJson, HasNothingBehindAZeroByte) {
  const std::string text("{}\0 ][", 6);
  EXPECT_THAT(complaint(text), HasSubstr("cat.json is not JSON: byte 3 is a zero"));
  EXPECT_THROW(read_json(text, "own.json"), GraphError);
}

TEST(ForeignJson, IsNotNestedWithoutEnd) {
  EXPECT_EQ(complaint(nested(100)), "");
  EXPECT_THAT(complaint(nested(101)), HasSubstr("cat.json is nested deeper than 100 levels"));
  EXPECT_THAT(complaint(nested(1'000'000)), HasSubstr("cat.json is nested deeper than 100 levels"));
  std::string objects;
  for (int i = 0; i < 50'000; ++i) objects += "{\"a\":";
  EXPECT_THAT(complaint(objects), HasSubstr("cat.json is nested deeper than 100 levels"));
  EXPECT_NO_THROW(read_foreign_json(nested(101), "", 101));
}

TEST(ForeignJson, ThatIsDamagedIsNullWhereItIsAsGoodAsAbsent) {
  EXPECT_EQ(foreign_json_or_null("[1]"), json::parse("[1]"));
  EXPECT_EQ(foreign_json_or_null("[1"), nullptr);
  EXPECT_EQ(foreign_json_or_null(nested(50'000)), nullptr);
  EXPECT_EQ(foreign_json_file_or_null("/nowhere/cat.json"), nullptr);
}

std::string complaint_of_file(const std::filesystem::path& file, Pipes pipes = Pipes::Refused) {
  try {
    read_text_file(file, pipes);
    return "";
  } catch (const GraphError& error) {
    return error.what();
  }
}

TEST(TextFile, IsNoPipeUnlessSomebodyGaveOne) {
  const std::string pipe = testing::TempDir() + "weft_pipe_" + std::to_string(getpid());
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THROW(read_text_file(pipe), GraphError) << "nobody will ever write to it";
  unlink(pipe.c_str());
}

TEST(TextFile, HasABoundedSize) {
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / ("weft_text_file_" + std::to_string(::getpid()));
  std::ofstream(file) << "words";
  EXPECT_EQ(read_text_file(file), "words");
  std::filesystem::resize_file(file, kLargestText + 1);  // a hole: nothing on the disk
  EXPECT_THAT(complaint_of_file(file), HasSubstr("it is larger than 64 MiB"));
  std::filesystem::remove(file);
  EXPECT_THAT(complaint_of_file("/dev/zero", Pipes::Read), HasSubstr("'/dev/zero': it is larger than 64 MiB"));
  EXPECT_THAT(complaint_of_file("/dev/zero"), HasSubstr("it is no plain file"));
  EXPECT_THAT(complaint_of_file("/dev"), HasSubstr("it is a folder"));
  EXPECT_THAT(complaint_of_file(file), HasSubstr("there is no such file"));
}

}  // namespace
}  // namespace weft
