// docs/writing-a-plugin.md shows code that is built and tested: each block that says where it is from stands
// there, word for word.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

namespace weft {
namespace {

using testing::HasSubstr;

std::string text_of(const std::string& file) {
  std::ifstream stream(std::string(WEFT_SOURCE_DIR "/") + file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct Quotation {
  std::string from;
  std::string text;
};

/// Blocks behind a line `<!-- from: path -->`.
std::vector<Quotation> quotations(const std::string& document) {
  static const std::regex marked("<!-- from: (\\S+) -->\n```\\w*\n([^`]*)```");
  std::vector<Quotation> found;
  for (std::sregex_iterator at(document.begin(), document.end(), marked), end; at != end; ++at)
    found.push_back({(*at)[1], (*at)[2]});
  return found;
}

TEST(WritingAPlugin, QuotesCodeThatIsBuilt) {
  const auto quoted = quotations(text_of("docs/writing-a-plugin.md"));
  EXPECT_GE(quoted.size(), 4u);
  for (const Quotation& quotation : quoted)
    EXPECT_THAT(text_of(quotation.from), HasSubstr(quotation.text)) << quotation.from;
}

TEST(WritingAPlugin, ShowsTheWholeOfItsExample) {
  EXPECT_THAT(
      text_of("docs/writing-a-plugin.md"), HasSubstr(text_of("plugins/examples/image_filter/image_filter.cpp")));
}

}  // namespace
}  // namespace weft
