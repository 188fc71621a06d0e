#include "base/colour.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

TEST(Colours, AreReadAsTheyAreWritten) {
  EXPECT_EQ(read_colour("#0180ff"), (Rgb8{1, 128, 255}));
  EXPECT_EQ(read_colour("#ABCDEF"), (Rgb8{0xab, 0xcd, 0xef}));
  EXPECT_EQ(colour_text({1, 128, 255}), "#0180ff");
}

TEST(Colours, AreNothingElse) {
  for (const char* text : {"", "#", "#12345", "#1234567", "1234567", "#12345g", "# 12345", "#-12345", "#0x1234"})
    EXPECT_FALSE(read_colour(text)) << text;
}

}  // namespace
}  // namespace weft
