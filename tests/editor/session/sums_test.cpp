#include "editor/session/sums.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace weft::editor {
namespace {

double sum(std::string_view text) {
  const auto value = value_of_sum(text);
  EXPECT_TRUE(value) << text;
  return value ? static_cast<double>(*value) : -12345;
}

TEST(Sums, AreReckonedAsOneReadsThem) {
  EXPECT_EQ(sum("20"), 20);
  EXPECT_EQ(sum("10*2"), 20);
  EXPECT_EQ(sum("512+64"), 576);
  EXPECT_EQ(sum("1 + 2 * 3 - 4 / 2"), 5);
  EXPECT_EQ(sum("(1 + 2) * 3"), 9);
  EXPECT_EQ(sum("8-2-1"), 5);
  EXPECT_EQ(sum("64/4/2"), 8);
  EXPECT_DOUBLE_EQ(sum("1/3"), 1.0 / 3);
  EXPECT_EQ(sum("17 % 5"), 2);
  EXPECT_EQ(sum("2^10"), 1024);
  EXPECT_EQ(sum("-2^2"), -4);
  EXPECT_EQ(sum("2^3^2"), 512);
  EXPECT_EQ(sum("3 * -2"), -6);
  EXPECT_EQ(sum("--2"), 2);
  EXPECT_EQ(sum("8 \u00d7 8 \u00f7 2 \u2212 1"), 31);
}

TEST(Sums, TakeNumbersAsPeopleWriteThem) {
  EXPECT_EQ(sum("  7.5 "), 7.5);
  EXPECT_EQ(sum("7,5"), 7.5);
  EXPECT_EQ(sum(".5"), 0.5);
  EXPECT_EQ(sum("5."), 5);
  EXPECT_EQ(sum("1e3"), 1000);
  EXPECT_EQ(sum("2.5E-1"), 0.25);
}

TEST(Sums, AreExactForSeeds) {
  const auto value = value_of_sum("18446744073709551614 + 1");
  ASSERT_TRUE(value);
  EXPECT_EQ(static_cast<std::uint64_t>(*value), UINT64_MAX);
}

TEST(Sums, AreNothingWhereTheTextIsNone) {
  for (const char* text : {"", "  ", "abc", "1+", "*2", "(1", "1)", "1 2", "1..2", "1/0", "0/0", "2e", "1e9999", "1e+",
           "nan", "inf", "0x10", "()", "10^1000^1000", "1,2,3"})
    EXPECT_FALSE(value_of_sum(text)) << text;
  EXPECT_FALSE(value_of_sum(std::string(100000, '(')));
  EXPECT_TRUE(value_of_sum(std::string(100000, '-') + "1"));
  std::string powers = "1";
  for (int i = 0; i < 100000; ++i) powers += "^1";
  EXPECT_FALSE(value_of_sum(powers));
}

}  // namespace
}  // namespace weft::editor
