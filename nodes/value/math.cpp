// value.math: a formula.
#include <algorithm>
#include <cmath>

#include "nodes/value/any_value.h"
#include "nodes/value/expression.h"
#include "nodes/value/nodes.h"

namespace weft::value {
namespace {

class Math final : public Node {
  Param<std::string> expression_{*this, "expression",
      {.init = "a + b",
          .widget = Widget::Text,
          .tip =
              "such as min(a, b) * 2: + - * / // % **, comparisons, and, or, not, x if y else z, sum min max abs round pow "
              "sqrt ceil floor log log2 log10 sin cos tan int float; values are all that is linked"}};
  NamedInputs inputs_{*this, "a number, or yes (1) or no (0), by this name in the expression"};
  Output<double> number_{*this, "number", {.tip = "the result"}};
  Output<std::int64_t> whole_{*this, "whole", {.tip = "the result without its fraction"}};
  Output<bool> yes_{*this, "yes", {.tip = "whether the result is not 0"}};

  void run(RunContext& ctx) const override {
    std::vector<std::pair<std::string, Number>> variables;
    for (const auto& [name, value] : inputs_.linked(ctx)) {
      if (value.is<bool>())
        variables.emplace_back(name, value.as<bool>());
      else if (value.is<std::int64_t>())
        variables.emplace_back(name, value.as<std::int64_t>());
      else if (value.is<double>())
        variables.emplace_back(name, value.as<double>());
      else
        throw NodeError(
            "'" + name + "' is no number: its type is '" + std::string(value.type()) + "'", "link a number");
    }
    const Number result = evaluated(ctx[expression_], variables);
    const double number = as_double(result);
    const auto* real = std::get_if<double>(&result);
    if (real && std::abs(*real) >= 9.2233720368547758e18)
      ctx.warn("the result is too large for a whole number: that is cut");
    const double most = 9223372036854774784.0;  // the largest double below 2^63
    ctx.set(number_, number);
    ctx.set(whole_,
        real ? static_cast<std::int64_t>(std::clamp(*real, -most, most))
             : std::visit([](auto value) { return static_cast<std::int64_t>(value); }, result));
    ctx.set(yes_, as_bool(result));
  }
};

}  // namespace

void add_math(Registry& registry) {
  std::vector<ForeignInput> inputs = {"expression"};
  NamedInputs::add_foreign(inputs);
  registry.add<Math>("value.math",
      {.title = "Math Expression",
          .menu = "Values",
          .doc = "Computes a formula of the linked numbers, with the meaning that Python gives it.",
          .foreign = {{.program = "comfyui",
              .name = "ComfyMathExpression",
              .inputs = std::move(inputs),
              .outputs = {"number", "whole", "yes"}}}});
}

}  // namespace weft::value
