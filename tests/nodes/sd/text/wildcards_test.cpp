// Templates, against dynamicprompts' combinatorial generator (tests/reference/make_prompt_golden.py): every draw is tried, and the
// texts that come out are its texts.
#include "nodes/sd/text/wildcards.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "tests/nodes/small_models.h"

namespace weft::sd {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// All texts, with how likely each is.
std::map<std::string, double> outcomes(const std::string& text, const WildcardLines& lines) {
  std::map<std::string, double> found;
  std::vector<std::size_t> path;  // the places drawn; the last one is counted up
  do {
    std::size_t next = 0;
    double chance = 1;
    std::vector<std::size_t> last(path.size());
    const std::string result = drawn(parse_template(text), lines, [&](const std::vector<double>& weights) {
      double sum = 0;
      for (const double weight : weights) sum += weight;
      if (next == path.size()) {
        path.push_back(0);
        while (weights[path.back()] == 0) ++path.back();
      }
      const std::size_t place = path[next];
      std::size_t following = place + 1;
      while (following < weights.size() && weights[following] == 0) ++following;
      last.resize(path.size());
      last[next++] = following < weights.size() ? following : 0;
      chance *= weights[place] / sum;
      return place;
    });
    found[result] += chance;
    while (!path.empty() && last.back() == 0) {
      path.pop_back();
      last.pop_back();
    }
    if (!path.empty()) path.back() = last.back();
  } while (!path.empty());
  return found;
}

const json& expected() {
  static const json file = json::parse(std::ifstream(golden("prompts.json")));
  return file;
}

std::vector<std::string> lines_of(const std::string& name) {
  if (name == "sub/*") return {"one", "three", "two"};
  std::vector<std::string> lines;
  for (const json& line : expected()["wildcards"].value(name, json::array())) {
    std::string text = line;
    text.erase(0, text.find_first_not_of(' '));
    text.erase(text.find_last_not_of(' ') + 1);
    if (!text.empty() && text[0] != '#') lines.push_back(text);
  }
  return lines;
}

TEST(Template, BecomesTheTextsThatDynamicpromptsMakes) {
  for (const auto& [text, texts] : expected()["templates"].items()) {
    SCOPED_TRACE(text);
    std::set<std::string> found;
    double chance = 0;
    for (const auto& [each, part] : outcomes(text, lines_of)) {
      found.insert(each);
      chance += part;
    }
    EXPECT_EQ(found, texts.get<std::set<std::string>>());
    EXPECT_NEAR(chance, 1, 1e-9);
  }
}

TEST(Template, DrawsByWeight) {
  const auto found = outcomes("{3::a|b|0::c} {0.5::d|1.5::e}", lines_of);
  EXPECT_NEAR(found.at("a d"), 0.75 * 0.25, 1e-12);
  EXPECT_NEAR(found.at("b e"), 0.25 * 0.75, 1e-12);
  EXPECT_EQ(found.size(), 4u);
  EXPECT_NEAR(outcomes("{2$$2::a|b|c}", lines_of).at("b,a"), 0.25 * 2 / 3, 1e-12);
  EXPECT_NEAR(outcomes("{1-2$$a|b}", lines_of).at("a"), 0.25, 1e-12);
}

TEST(Template, LeavesTheNameOfAWildcardThatIsNotThere) {
  EXPECT_TRUE(outcomes("a __none__ b", lines_of).contains("a __none__ b"));
  EXPECT_TRUE(outcomes("{2$$__none__}", lines_of).contains("__none__"));
}

TEST(Template, TakesSignsThatBeginNothingAsText) {
  for (const std::string text : {"50% off", "1$ a__b", "a|b}", "snake_case __", "____", "a: b :: c", "{{1}}\n"}) {
    const std::string bare = text == "{{1}}\n" ? "1\n" : text;
    EXPECT_TRUE(outcomes(text, lines_of).contains(bare)) << text;
  }
  EXPECT_TRUE(outcomes("a # {b|c\nd", lines_of).contains("a \nd")) << "a remark";
}

TEST(Template, NamesTheColumnOfWhatItCannotRead) {
  const auto error = [](const std::string& text) -> std::string {
    try {
      drawn(parse_template(text), lines_of, [](const auto&) { return std::size_t{0}; });
    } catch (const NodeError& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_THAT(error("\u00e9 {a|{b} c"), HasSubstr("text, column 3: { is never closed"));
  EXPECT_THAT(error("a ${x=b}"), HasSubstr("text, column 3: variables"));
  EXPECT_THAT(error("a %{x$$b}"), HasSubstr("text, column 3: wrapping"));
  EXPECT_THAT(error("{0::a|0::b}"), HasSubstr("column 1: all alternatives weigh 0"));
  EXPECT_THAT(error(std::string(200, '{') + "a" + std::string(200, '}')), HasSubstr("{ stands within 100 others"));
}

TEST(Template, RefusesWildcardsThatNameEachOther) {
  const WildcardLines circle = [](const std::string&) { return std::vector<std::string>{"x __a__"}; };
  const auto first = [](const auto&) { return std::size_t{0}; };
  EXPECT_THROW(drawn(parse_template("__a__"), circle, first), NodeError);
  const WildcardLines growing = [](const std::string&) {
    return std::vector<std::string>{"__a____a____a____a____a____a____a____a__"};
  };
  EXPECT_THROW(drawn(parse_template("__a__"), growing, first), NodeError);
}

}  // namespace
}  // namespace weft::sd
