#include <gmock/gmock.h>

#include <limits>

#include "graph/validate.h"

namespace weft {
namespace {

using testing::HasSubstr;

PortInfo param(const std::string& type) { return {.kind = PortKind::Param, .name = "p", .type = type}; }

PortInfo seed() {
  PortInfo port = param("int");
  port.widget = Widget::Seed;
  return port;
}

template <class T>
T value(const PortInfo& port, const nlohmann::json& literal) {
  return literal_value(port, literal).as<T>();
}

std::string complaint(const PortInfo& port, const nlohmann::json& literal) {
  try {
    literal_value(port, literal);
    return "";
  } catch (const GraphError& error) {
    EXPECT_EQ(error.problems().front().node, "");
    return error.what();
  }
}

TEST(Literal, OfAnIntIsAWholeNumber) {
  EXPECT_EQ(value<std::int64_t>(param("int"), -5), -5);
  EXPECT_EQ(value<std::int64_t>(param("int"), 20.0), 20);
  EXPECT_THAT(complaint(param("int"), 20.5), HasSubstr("port \"p\": the value is 20.5, not a whole number"));
  EXPECT_THAT(complaint(param("int"), "20"), HasSubstr("the value is \"20\", not a whole number"));
  EXPECT_THAT(complaint(param("int"), true), HasSubstr("not a whole number"));
}

TEST(Literal, OfAnIntFits64Bits) {
  EXPECT_EQ(value<std::int64_t>(param("int"), std::int64_t{INT64_MAX}), INT64_MAX);
  EXPECT_EQ(value<std::int64_t>(param("int"), std::int64_t{INT64_MIN}), INT64_MIN);
  EXPECT_EQ(value<std::int64_t>(param("int"), -9223372036854775808.0), INT64_MIN);
  EXPECT_THAT(complaint(param("int"), std::uint64_t{1} << 63), HasSubstr("64 bits"));
  EXPECT_THAT(complaint(param("int"), 9223372036854775808.0), HasSubstr("not a whole number"));
  EXPECT_THAT(complaint(param("int"), 1e300), HasSubstr("not a whole number"));
}

TEST(Literal, OfASeedTakesAll64Bits) {
  EXPECT_EQ(value<std::int64_t>(seed(), 0), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(value<std::int64_t>(seed(), UINT64_MAX)), UINT64_MAX);
  EXPECT_EQ(value<std::int64_t>(seed(), 7.0), 7);
  EXPECT_THAT(complaint(seed(), -1), HasSubstr("not a whole number from 0 to 18446744073709551615"));
  EXPECT_THAT(complaint(seed(), 18446744073709551616.0), HasSubstr("not a whole number from 0"));
  EXPECT_THAT(complaint(seed(), 0.5), HasSubstr("not a whole number from 0"));
  EXPECT_THAT(complaint(seed(), "random"), HasSubstr("not a whole number from 0"));
}

TEST(Literal, OfAFloatIsAnyFiniteNumber) {
  EXPECT_EQ(value<double>(param("float"), 0.5), 0.5);
  EXPECT_EQ(value<double>(param("float"), 3), 3.0);
  EXPECT_THAT(complaint(param("float"), std::numeric_limits<double>::quiet_NaN()), HasSubstr("not a number"));
  EXPECT_THAT(complaint(param("float"), std::numeric_limits<double>::infinity()), HasSubstr("not a number"));
  EXPECT_THAT(complaint(param("float"), "0.5"), HasSubstr("not a number"));
}

TEST(Literal, LiesInTheRange) {
  PortInfo steps = param("int");
  steps.min = 1;
  steps.max = 10000;
  EXPECT_EQ(value<std::int64_t>(steps, 10000), 10000);
  EXPECT_EQ(complaint(steps, 0), "port \"p\": the value is 0, the least is 1: give a value from 1 to 10000");
  EXPECT_EQ(complaint(steps, 10001), "port \"p\": the value is 10001, the most is 10000: give a value from 1 to 10000");
  PortInfo denoise = param("float");
  denoise.max = 1;
  EXPECT_EQ(complaint(denoise, 1.5), "port \"p\": the value is 1.5, the most is 1: give 1 or less");
}

TEST(Literal, OfABoolIsTrueOrFalse) {
  EXPECT_TRUE(value<bool>(param("bool"), true));
  EXPECT_THAT(complaint(param("bool"), 1), HasSubstr("the value is 1, not true or false"));
}

TEST(Literal, OfAStringIsText) {
  EXPECT_EQ(value<std::string>(param("string"), ""), "");
  EXPECT_THAT(complaint(param("string"), 5), HasSubstr("the value is 5, not a text"));
  EXPECT_THAT(complaint(param("string"), "\xff"), HasSubstr("not valid UTF-8"));
}

TEST(Literal, OfAChoiceIsOneOfThem) {
  PortInfo sampler = param("string");
  sampler.choices = {"euler", "heun"};
  EXPECT_EQ(value<std::string>(sampler, "heun"), "heun");
  EXPECT_EQ(
      complaint(sampler, "Eulr"), "port \"p\": \"Eulr\" is not among the choices (euler, heun): did you mean 'euler'?");
}

TEST(Literal, OfAColourHasSixHexDigits) {
  PortInfo colour = param("string");
  colour.widget = Widget::Color;
  EXPECT_EQ(value<std::string>(colour, "#1a2B3c"), "#1a2B3c");
  EXPECT_THAT(complaint(colour, "red"), HasSubstr("not a colour such as"));
}

TEST(Literal, NullStandsForTheDefault) {
  PortInfo steps = param("int");
  EXPECT_THAT(complaint(steps, nullptr), HasSubstr("there is no value"));
  steps.init = 20;
  EXPECT_EQ(value<std::int64_t>(steps, nullptr), 20);
}

TEST(Literal, CannotStandAtAnInput) {
  const PortInfo input{.kind = PortKind::Input, .name = "model", .type = "model"};
  EXPECT_THAT(complaint(input, 5), HasSubstr("the input takes a link of type 'model'"));
}

TEST(Literal, IsShownShortInMessages) { EXPECT_LT(complaint(param("int"), std::string(10'000, 'x')).size(), 200u); }

}  // namespace
}  // namespace weft
