// Every node does one thing that the checker is there to find.
#include <atomic>
#include <chrono>
#include <clocale>
#include <memory>
#include <thread>

#include "plugins/entry.h"

namespace {

/// A value that can be written through, as a torch::Tensor can.
struct Sheet {
  static constexpr std::string_view kType = "naughty.sheet";
  std::shared_ptr<std::string> text;
};

class Stubborn final : public weft::Node {
  weft::Output<int> out_{*this, "out"};
  void run(weft::RunContext& ctx) const override {
    try {
      ctx.progress(0, 1);
    } catch (...) {
    }
    ctx.set(out_, 1);
  }
};

class Moody final : public weft::Node {
  weft::Output<int> out_{*this, "out"};
  void run(weft::RunContext& ctx) const override {
    static std::atomic<int> calls = 0;
    ctx.set(out_, ++calls);
  }
};

class Scribbler final : public weft::Node {
  weft::Input<Sheet> sheet_{*this, "sheet"};
  weft::Output<Sheet> out_{*this, "sheet"};
  void run(weft::RunContext& ctx) const override {
    *ctx[sheet_].text += "!";
    ctx.forward(sheet_, out_);
  }
};

class Forgetful final : public weft::Node {
  weft::Output<int> out_{*this, "out"};
  void run(weft::RunContext&) const override {}
};

class Fragile final : public weft::Node {
  weft::Param<std::string> text_{*this, "text", {.init = "steady"}};
  weft::Output<int> out_{*this, "out"};
  void run(weft::RunContext& ctx) const override {
    if (ctx[text_].empty()) std::abort();
    ctx.set(out_, 1);
  }
};

/// Never ends, but only in the test that asks for a cancel.
class Endless final : public weft::Node {
  weft::Param<int> size_{*this, "size", {.init = 1, .min = 1, .max = 2}};
  weft::Output<int> out_{*this, "out"};
  void run(weft::RunContext& ctx) const override {
    while (ctx[size_] == 2) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ctx.set(out_, 1);
  }
};

/// As a library does that wants the user's words.
class Worldly final : public weft::Node {
  weft::Output<int> out_{*this, "out"};
  void run(weft::RunContext& ctx) const override {
    std::setlocale(LC_ALL, "");
    ctx.set(out_, 1);
  }
};

class Needy final : public weft::Node {
  weft::Param<std::string> model_{*this, "model", {.required = true, .widget = weft::Widget::Model, .folder = "vae"}};
  weft::Output<int> out_{*this, "out"};
  void run(weft::RunContext& ctx) const override { ctx.set(out_, 1); }
};

}  // namespace

WEFT_PLUGIN("naughty", "first", registry) {
  registry.add_type({.id = "naughty.sheet",
      .title = "Sheet",
      .describe = [](const weft::Value& value) { return *value.as<Sheet>().text; },
      .example = [] { return weft::Value::of(Sheet{std::make_shared<std::string>("text")}); }});
  registry.add<Stubborn>("naughty.stubborn", {});
  registry.add<Moody>("naughty.moody", {});
  registry.add<Scribbler>("naughty.scribbler", {});
  registry.add<Forgetful>("naughty.forgetful", {});
  registry.add<Fragile>("naughty.fragile", {});
  registry.add<Endless>("naughty.endless", {});
  registry.add<Worldly>("naughty.worldly", {});
  registry.add<Needy>("naughty.needy", {});
}
