#include "base/spelling.h"

#include <gmock/gmock.h>

#include "base/content_hash.h"
#include "base/error.h"
#include "base/utf8.h"
#include "graph/value.h"

namespace weft {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(EditDistance, CountsInsertedDeletedReplacedAndSwappedLetters) {
  EXPECT_EQ(edit_distance("steps", "steps"), 0u);
  EXPECT_EQ(edit_distance("steps", "step"), 1u);
  EXPECT_EQ(edit_distance("steps", "stepps"), 1u);
  EXPECT_EQ(edit_distance("steps", "stops"), 1u);
  EXPECT_EQ(edit_distance("steps", "stpes"), 1u);
  EXPECT_EQ(edit_distance("STEPS", "steps"), 0u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(NearestNames, AreOnlyThoseThatMayBeMeantNearestFirst) {
  const std::vector<std::string> names{"sampler", "sample", "schedule", "seed", "image.sample"};
  EXPECT_THAT(nearest_names("sampel", names), ElementsAre("sample", "image.sample", "sampler"));
  EXPECT_THAT(nearest_names("sampel", names, 1), ElementsAre("sample"));
  EXPECT_THAT(nearest_names("width", names), IsEmpty());
}

TEST(Suggestion, NamesTheNearestElseAllThatThereIs) {
  EXPECT_EQ(suggestion("stpes", {"steps", "cfg"}), "did you mean 'steps'?");
  EXPECT_EQ(suggestion("width", {"steps", "cfg"}), "there is: steps, cfg");
  EXPECT_EQ(suggestion("width", {}), "");
}

TEST(NameList, IsCutWhereItIsLong) {
  EXPECT_EQ(name_list({"a", "b"}), "a, b");
  EXPECT_EQ(name_list(std::vector<std::string>(20, "x")), "x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x and 4 more");
}

TEST(Utf8, IsToldFromOtherBytes) {
  for (const char* text : {"", "words", "größe", "日本", "\xf0\x9f\xa6\x8a"}) EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text :
      {"\xff", "\xc3", "\xc3(", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "a\x80"})
    EXPECT_FALSE(is_utf8(text)) << printable(text);
}

TEST(Utf8, IsMadePrintable) {
  EXPECT_EQ(printable("a\nb\xff\xc3(日"),
      "a?b?"
      "?(日");
}

// Controls of both sets, DEL, and overrides of the direction of writing; beside them what looks like one and is none.
TEST(Utf8, CharactersThatSteerATerminalAreNotPrintable) {
  EXPECT_EQ(printable("a\x1b[2Jb\x7f\xc2\x80\xc2\x9f\xc2\xa0"), "a?[2Jb???\xc2\xa0");
  EXPECT_EQ(printable("\xe2\x80\xaa\xe2\x80\xae\xe2\x80\xaf|\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa"),
      "??\xe2\x80\xaf|??\xe2\x81\xaa");
  EXPECT_EQ(printable("a\n\tb\r"), "a??b?");
  EXPECT_EQ(printable_lines("a\n\tb\r"), "a\n\tb?");
}

TEST(Utf8, JsonMeansTheSameWithoutThem) {
  const nlohmann::json text = "a\x7f\xc2\x9b\xe2\x80\xae 日";
  const std::string shown = printable_json(nlohmann::json{text}.dump(2));
  EXPECT_EQ(shown, "[\n  \"a\\u007f\\u009b\\u202e 日\"\n]");
  EXPECT_EQ(nlohmann::json::parse(shown)[0], text);
}

TEST(Utf8, IsMadeOfUtf16) {
  EXPECT_EQ(from_utf16(std::string("\xff\xfe{\0\xe9\0\x71\x67\x3c\xd8\x19\xdf", 12)), "{é東🌙");
  EXPECT_EQ(from_utf16(std::string("\xfe\xff\0{\xd8\x3c", 6)), "{?") << "half of a pair";
  EXPECT_EQ(from_utf16(std::string("\xff\xfe{\0x", 5)), "{?") << "half of a unit";
  EXPECT_EQ(from_utf16("plain"), "plain");
}

TEST(Problem, SaysWhereWhatAndRemedyInOneLine) {
  EXPECT_EQ((Problem{"sampler", "steps", "the value is 0", "give 1"}).text(),
      "node \"sampler\", port \"steps\": the value is 0: give 1");
  EXPECT_EQ((Problem{"sampler", "", "is alone", ""}).text(), "node \"sampler\": is alone");
  EXPECT_EQ((Problem{"", "", "nothing to run", "add a node"}).text(), "nothing to run: add a node");
}

TEST(GraphError, ListsEveryProblem) {
  const GraphError error(std::vector<Problem>{{.node = "a", .what = "x"}, {.node = "b", .what = "y"}});
  EXPECT_STREQ(error.what(), "2 problems\n  node \"a\": x\n  node \"b\": y");
}

TEST(OutOfMemory, TellsTheNumbers) {
  EXPECT_THAT(OutOfMemory("cuda:0", 3u << 20, 1u << 20).what(),
      testing::HasSubstr("out of memory on cuda:0: 3.0 MiB are needed, 1.0 MiB are free"));
}

TEST(Value, HoldsNumbersAtTheirFullWidth) {
  EXPECT_EQ(Value::of(7).as<std::int64_t>(), 7);
  EXPECT_EQ(Value::of(0.5f).as<double>(), 0.5);
  EXPECT_TRUE(Value::of(true).is<bool>());
  EXPECT_EQ(Value::of(std::string("x")).type(), "string");
  EXPECT_EQ(Value().type(), "");
  EXPECT_FALSE(Value());
}

ContentHash hash_of(const nlohmann::json& json) { return ContentHasher().add(json).result(); }

TEST(ContentHash, IsEqualForEqualContentOnly) {
  EXPECT_EQ(hash_of({{"a", 1}, {"b", {1, 2}}}), hash_of({{"b", {1, 2}}, {"a", 1}}));
  EXPECT_EQ(hash_of(5u), hash_of(5)) << "the parser may choose either";
  const std::vector<nlohmann::json> different{nullptr, true, 1, 1.0, "1", "", nlohmann::json::array(),
      nlohmann::json::object(), nlohmann::json::array({1}), nlohmann::json::array({1, 1}), {{"a", 1}}, {{"a", 2}},
      {{"b", 1}}, "12345678", "123456789"};
  for (std::size_t i = 0; i < different.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_NE(hash_of(different[i]), hash_of(different[j])) << different[i] << different[j];
}

TEST(ContentHash, TellsWhereOneTextEndsAndTheNextBegins) {
  using namespace std::string_view_literals;
  EXPECT_NE(ContentHasher().add("ab"sv).add("c"sv).result(), ContentHasher().add("a"sv).add("bc"sv).result());
  EXPECT_NE(ContentHasher().add("a\0"sv).result(), ContentHasher().add("a"sv).result());
}

TEST(ContentHash, ChangesHalfOfItsBitsForOneBitOfContent) {
  int changed = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const ContentHash a = ContentHasher().add(i).result(), b = ContentHasher().add(i ^ 1).result();
    changed += std::popcount(a.high ^ b.high) + std::popcount(a.low ^ b.low);
  }
  EXPECT_NEAR(changed / 1000.0, 64, 2);
}

}  // namespace
}  // namespace weft
