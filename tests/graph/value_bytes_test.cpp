// Values as bytes and back.
#include "graph/value_bytes.h"

#include <gmock/gmock.h>

#include <limits>

#include "base/error.h"

namespace weft {
namespace {

using testing::HasSubstr;

struct Pair {
  static constexpr std::string_view kType = "test.pair";
  std::string first, second;
};

Registry with_pairs() {
  Registry registry;
  registry.add_type({.id = "test.pair",
      .title = "Pair",
      .encode = [](const Value& v) { return v.as<Pair>().first + "|" + v.as<Pair>().second; },
      .decode =
          [](std::string_view bytes) {
            const std::size_t bar = bytes.find('|');
            if (bar == bytes.npos) throw NodeError("no bar");
            return Value::of(Pair{std::string(bytes.substr(0, bar)), std::string(bytes.substr(bar + 1))});
          }});
  return registry;
}

template <class T>
T there_and_back(T object) {
  const Registry registry;
  return from_bytes(registry, to_bytes(registry, Value::of(object)).value()).template as<T>();
}

TEST(ValueBytes, OfNumbersAndTextsAreTheEnginesOwn) {
  EXPECT_EQ(there_and_back(true), true);
  EXPECT_EQ(there_and_back(false), false);
  EXPECT_EQ(there_and_back(std::numeric_limits<std::int64_t>::min()), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(there_and_back(0.1), 0.1);
  EXPECT_EQ(there_and_back(std::string("a\0\nb", 4)), std::string("a\0\nb", 4));
}

TEST(ValueBytes, OfOtherTypesAreWhatTheirRecordsSay) {
  const Registry registry = with_pairs();
  const Value back = from_bytes(registry, to_bytes(registry, Value::of(Pair{"a\n", "b"})).value());
  EXPECT_EQ(back.type(), "test.pair");
  EXPECT_EQ(back.as<Pair>().first, "a\n");
  EXPECT_EQ(back.as<Pair>().second, "b");
}

TEST(ValueBytes, AreNoneOfWhatIsMadeAnew) {
  Registry registry;
  registry.add_type({.id = "test.pair", .title = "Pair"});
  EXPECT_EQ(to_bytes(registry, Value::of(Pair{})), std::nullopt);
  EXPECT_EQ(to_bytes(registry, Value()), std::nullopt);
}

TEST(ValueBytes, ThatAreNoValueAreErrors) {
  const Registry registry = with_pairs();
  const auto complaint = [&](std::string_view bytes) -> std::string {
    try {
      from_bytes(registry, bytes);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_THAT(complaint(""), HasSubstr("begin with something else"));
  EXPECT_THAT(complaint("weft-value 2 int\n12345678"), HasSubstr("begin with something else"));
  EXPECT_THAT(complaint("weft-value 1 int"), HasSubstr("do not say their type"));
  EXPECT_THAT(complaint("weft-value 1 int\n1234567"), HasSubstr("another length"));
  EXPECT_THAT(complaint("weft-value 1 bool\n\2"), HasSubstr("neither true nor false"));
  EXPECT_THAT(complaint("weft-value 1 test.pair\nab"), HasSubstr("no bar"));
  EXPECT_THAT(complaint("weft-value 1 test.other\nab"), HasSubstr("no plugin brings the value type 'test.other'"));
}

}  // namespace
}  // namespace weft
