// conditioning.combine, .concat, .average, .zero_out, .multiply: conditionings from conditionings.
#include "nodes/conditioning/nodes.h"

namespace weft::conditioning {
namespace {

class Combine final : public Node {
  Input<Conditioning> a_{*this, "a", {.tip = "an encoded text"}};
  Input<Conditioning> b_{*this, "b", {.tip = "another, perhaps for a different place"}};
  Output<Conditioning> result_{*this, "conditioning", {.tip = "the entries of both"}};

  void run(RunContext& ctx) const override {
    ctx.set(result_, Conditioning{sd::combine(ctx[a_].entries, ctx[b_].entries)});
  }
};

class Concat final : public Node {
  Input<Conditioning> first_{*this, "first", {.tip = "an encoded text"}};
  Input<Conditioning> second_{*this, "second", {.tip = "its first entry is appended to every entry of 'first'"}};
  Output<Conditioning> result_{*this, "conditioning", {.tip = "both texts, one after the other"}};

  void run(RunContext& ctx) const override {
    ctx.set(result_, Conditioning{sd::concat(ctx[first_].entries, ctx[second_].entries)});
  }
};

class Average final : public Node {
  Input<Conditioning> a_{*this, "a", {.tip = "the first text, encoded"}};
  Input<Conditioning> b_{*this, "b", {.tip = "the second text, cut or padded to the length of the first"}};
  Param<double> share_{
      *this, "share_of_a", {.init = 0.5, .min = 0, .max = 1, .step = 0.01, .tip = "1 is only 'a', 0 is only 'b'"}};
  Output<Conditioning> result_{*this, "conditioning", {.tip = "in between the two texts"}};

  void run(RunContext& ctx) const override {
    ctx.set(result_, Conditioning{sd::average(ctx[a_].entries, ctx[b_].entries, ctx[share_])});
  }
};

class ZeroOut final : public Node {
  Input<Conditioning> conditioning_{*this, "conditioning", {.tip = "gives the shape"}};
  Output<Conditioning> result_{*this, "conditioning", {.tip = "zeros in that shape"}};

  void run(RunContext& ctx) const override { ctx.set(result_, Conditioning{sd::zero_out(ctx[conditioning_].entries)}); }
};

class Multiply final : public Node {
  Input<Conditioning> conditioning_{*this, "conditioning", {.tip = "an encoded text"}};
  Param<double> multiplier_{*this, "multiplier",
      {.init = 1, .min = -100, .max = 100, .step = 0.01, .tip = "what each of its numbers is multiplied by"}};
  Output<Conditioning> result_{*this, "conditioning", {.tip = "the text, larger or smaller"}};

  void run(RunContext& ctx) const override {
    ctx.set(result_, Conditioning{sd::multiply(ctx[conditioning_].entries, ctx[multiplier_])});
  }
};

}  // namespace

void add_mix(Registry& registry) {
  registry.add<Combine>("conditioning.combine",
      {.title = "Combine Conditioning",
          .menu = "Conditioning",
          .doc = "Both texts count: the model is asked about each, and the answers are averaged.",
          .foreign = {{.program = "comfyui",
              .name = "ConditioningCombine",
              .inputs = {{"conditioning_1", "a"}, {"conditioning_2", "b"}},
              .outputs = {"conditioning"}}}});
  registry.add<Concat>("conditioning.concat",
      {.title = "Concatenate Conditioning",
          .menu = "Conditioning",
          .doc = "One text after the other, as if it were one longer text; the model is asked once.",
          .foreign = {{.program = "comfyui",
              .name = "ConditioningConcat",
              .inputs = {{"conditioning_to", "first"}, {"conditioning_from", "second"}},
              .outputs = {"conditioning"}}}});
  registry.add<Average>("conditioning.average",
      {.title = "Average Conditioning",
          .menu = "Conditioning",
          .doc = "Mixes the encoded texts themselves.",
          .foreign = {{.program = "comfyui",
              .name = "ConditioningAverage",
              .inputs = {{"conditioning_to", "a"}, {"conditioning_from", "b"},
                  {"conditioning_to_strength", "share_of_a"}},
              .outputs = {"conditioning"}}}});
  registry.add<ZeroOut>("conditioning.zero_out",
      {.title = "Zero Out Conditioning",
          .menu = "Conditioning",
          .doc = "The same shape, filled with zeros: no text at all, not even the empty one.",
          .foreign = {{.program = "comfyui",
              .name = "ConditioningZeroOut",
              .inputs = {"conditioning"},
              .outputs = {"conditioning"}}}});
  registry.add<Multiply>("conditioning.multiply",
      {.title = "Multiply Conditioning",
          .menu = "Conditioning",
          .doc = "Multiplies the encoded text itself, unlike a weight, which moves it away from the empty text.",
          .foreign = {{.program = "comfyui",
              .name = "ConditioningMultiply",
              .inputs = {"conditioning", "multiplier"},
              .outputs = {"conditioning"}}}});
}

}  // namespace weft::conditioning
