// value.int, .float, .bool, .string, .text, .seed, .choice, .show: plain values as nodes, for several readers of one.
#include <limits>

#include "nodes/value/any_value.h"
#include "nodes/value/nodes.h"

namespace weft::value {
namespace {

/// A node that gives its only param.
template <class T>
class Constant : public Node {
 protected:
  Constant(const char* name, ParamOptions<T> options)
      : value_(*this, name, std::move(options)), result_(*this, name, {.tip = "the same"}) {}

 private:
  void run(RunContext& ctx) const override { ctx.set(result_, Held(ctx[value_])); }

  using Held = std::conditional_t<std::is_same_v<T, std::uint64_t>, std::int64_t, T>;  // a seed's bits
  Param<T> value_;
  Output<Held> result_;
};

struct Int final : Constant<std::int64_t> {
  Int() : Constant("value", {.tip = "a whole number"}) {}
};
struct Float final : Constant<double> {
  Float() : Constant("value", {.step = 0.1, .tip = "a number"}) {}
};
struct Bool final : Constant<bool> {
  Bool() : Constant("value", {.tip = "yes or no"}) {}
};
struct String final : Constant<std::string> {
  String() : Constant("value", {.tip = "a line of text"}) {}
};
struct Text final : Constant<std::string> {
  Text() : Constant("value", {.widget = Widget::Text, .tip = "a text of any number of lines"}) {}
};
struct Seed final : Constant<std::uint64_t> {
  Seed() : Constant("seed", {.widget = Widget::Seed, .tip = "what random numbers begin with"}) {}
};

class Choice final : public Node {
  Param<std::string> choice_{*this, "choice", {.tip = "the text that was chosen"}};
  Param<std::int64_t> index_{
      *this, "index", {.min = 0, .tip = "its place in the list that it is from; the first is 0"}};
  Output<std::string> text_{*this, "choice", {.tip = "the text"}};
  Output<std::int64_t> place_{*this, "index", {.tip = "its place"}};

  void run(RunContext& ctx) const override {
    ctx.set(text_, ctx[choice_]);
    ctx.set(place_, ctx[index_]);
  }
};

class Show final : public Node {
  Input<Anything> value_{*this, "value", {.tip = "a value of any type"}};
  Output<std::string> text_{*this, "text", {.tip = "a number or text as it is written, of others the type"}};

  void run(RunContext& ctx) const override {
    const Value& value = ctx.input(value_.index);
    std::string text = python_text(value).value_or(std::string(value.type()));
    ctx.note("text", text);
    ctx.set(text_, std::move(text));
  }
};

/// ComfyUI's class for a constant.
std::vector<ForeignClass> primitive(const char* name) {
  return {{.program = "comfyui", .name = name, .inputs = {"value"}, .outputs = {"value"}}};
}

}  // namespace

void add_constants(Registry& registry) {
  constexpr const char* kMenu = "Values";
  registry.add<Int>("value.int",
      {.title = "Whole Number",
          .menu = kMenu,
          .doc = "One number for several nodes.",
          .foreign = primitive("PrimitiveInt")});
  registry.add<Float>("value.float",
      {.title = "Number",
          .menu = kMenu,
          .doc = "One number for several nodes.",
          .foreign = primitive("PrimitiveFloat")});
  registry.add<Bool>("value.bool",
      {.title = "Yes or No",
          .menu = kMenu,
          .doc = "One setting for several nodes.",
          .foreign = primitive("PrimitiveBoolean")});
  registry.add<String>("value.string",
      {.title = "Line of Text",
          .menu = kMenu,
          .doc = "One text for several nodes.",
          .foreign = primitive("PrimitiveString")});
  registry.add<Text>("value.text",
      {.title = "Text",
          .menu = kMenu,
          .doc = "One text for several nodes.",
          .foreign = primitive("PrimitiveStringMultiline")});
  registry.add<Seed>("value.seed",
      {.title = "Seed",
          .menu = kMenu,
          .doc = "One seed for several nodes.",
          .foreign = {{.program = "comfyui", .name = "SeedNode", .inputs = {"seed"}, .outputs = {"seed"}}}});
  registry.add<Choice>("value.choice",
      {.title = "Choice",
          .menu = kMenu,
          .doc = "A text out of a list, with its place there.",
          .foreign = {{.program = "comfyui",
              .name = "CustomCombo",
              .inputs = {"choice", "index"},
              .outputs = {"choice", "index"}}}});
  registry.add<Show>("value.show",
      {.title = "Value as Text",
          .menu = kMenu,
          .doc = "Writes a value as text, to be seen or to be used as one.",
          .foreign = {
              {.program = "comfyui", .name = "PreviewAny", .inputs = {{"source", "value"}}, .outputs = {"text"}}}});
}

}  // namespace weft::value
