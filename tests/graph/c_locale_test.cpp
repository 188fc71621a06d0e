// Numbers are read and written as JSON has them, whatever a plugin has done to the locale of the process.
#include "base/c_locale.h"

#include <gmock/gmock.h>

#include <thread>

#include "base/strict_json.h"
#include "tests/graph/foreign_locale.h"
#include "tests/graph/toy_nodes.h"

namespace weft {
namespace {

using test::ForeignLocale;

TEST(CLocale, KeepsSetlocaleFromAThread) {
  const ForeignLocale foreign;
  EXPECT_EQ(std::strtod("0.5", nullptr), 0) << "what it is there for";
  {
    const CLocale locale;
    EXPECT_EQ(std::strtod("0.5", nullptr), 0.5);
    ForeignLocale::take();
    EXPECT_EQ(std::strtod("0.5", nullptr), 0.5);
    EXPECT_STREQ(std::localeconv()->decimal_point, ".");
    EXPECT_EQ(nlohmann::json::parse("0.5"), 0.5);
  }
  EXPECT_EQ(std::strtod("0.5", nullptr), 0) << "it ends with the guard";
}

TEST(StrictJson, ReadsNumbersInAnyLocale) {
  const ForeignLocale foreign;
  EXPECT_EQ(read_json(R"({"cfg": 4.5, "big": 12345.678})", "test"),
      (nlohmann::ordered_json{{"cfg", 4.5}, {"big", 12345.678}}));
  EXPECT_EQ(write_json(read_json("[0.25]", "test"), 1), "[0.25]\n");
}

/// As every node that reads numbers with strtod(), snprintf() or nlohmann_json sees them.
class LocaleOfNodes : public toy::Stage {
 protected:
  ~LocaleOfNodes() override { std::setlocale(LC_NUMERIC, "C"); }
  void expect_c(const std::string& id) {
    act(id, [](RunContext&) {
      EXPECT_EQ(std::strtod("0.5", nullptr), 0.5);
      EXPECT_EQ(nlohmann::json::parse("0.5"), 0.5);
      std::array<char, 8> text{};
      std::snprintf(text.data(), text.size(), "%.1f", 0.5);
      EXPECT_STREQ(text.data(), "0.5");
    });
  }
};

TEST_F(LocaleOfNodes, IsCBeforeAndAfterANodeThatSetsAnother) {
  const ForeignLocale foreign;
  for (const char* type : {"toy.light", "toy.io", "toy.heavy"}) {
    const std::string before = std::string("before_") + type, bad = std::string("bad_") + type,
                      after = std::string("after_") + type;
    node(before, {}, type);
    node(bad, {before}, type);
    node(after, {bad}, type);
    expect_c(before);
    act(bad, [](RunContext&) {
      ForeignLocale::take();
      uselocale(LC_GLOBAL_LOCALE);  // and the thread's own
    });
    expect_c(after);
    EXPECT_TRUE(run({after}).ok);
  }
}

}  // namespace
}  // namespace weft
