// A plugin without a fault: two nodes and a value type of its own.
#include "plugins/entry.h"

namespace {

struct Word {
  static constexpr std::string_view kType = "test.word";
  std::string text;
};

class Add final : public weft::Node {
  weft::Param<int> a_{*this, "a", {.init = 1, .min = -100, .max = 100, .tip = "one"}};
  weft::Param<int> b_{*this, "b", {.init = 2, .min = -100, .max = 100, .tip = "the other"}};
  weft::Output<int> sum_{*this, "sum", {.tip = "of both"}};
  void run(weft::RunContext& ctx) const override {
    ctx.progress(0, 1);
    ctx.set(sum_, ctx[a_] + ctx[b_]);
  }
};

class Shout final : public weft::Node {
  weft::Input<Word> word_{*this, "word", {.tip = "quiet"}};
  weft::Output<Word> loud_{*this, "word", {.tip = "loud"}};
  void run(weft::RunContext& ctx) const override { ctx.set(loud_, Word{ctx[word_].text + "!"}); }
};

}  // namespace

WEFT_PLUGIN("test.good", "1.2.3", registry) {
  registry.add_type({.id = "test.word",
      .title = "Word",
      .colour = "#112233",
      .doc = "One word.",
      .describe = [](const weft::Value& value) { return value.as<Word>().text; },
      .example = [] { return weft::Value::of(Word{"hello"}); }});
  registry.add<Add>("test.add", {.title = "Add", .menu = "Test", .doc = "Adds."});
  registry.add<Shout>("test.shout", {.title = "Shout", .menu = "Test", .doc = "Shouts."});
}
