// A link of any type, and how Python writes the plain ones.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/value.h"
#include "plugins/sdk.h"

namespace weft::value {

/// Names the type of such a port; the value is what ctx.input(port.index) gives.
struct Anything {
  static constexpr std::string_view kType = "any";
};

/// A number or a text as Python's str() writes it ("1.0", "True"); nothing for other types.
std::optional<std::string> python_text(const Value& value);
/// "1.5", "2.0", "1e+16", "inf"
std::string python_text(double number);

/// Optional inputs a, b, c ...: a node for as many values as somebody links.
class NamedInputs {
 public:
  NamedInputs(Node& node, const char* tip) {
    inputs_.reserve(kNames.size());
    for (const char& name : kNames)
      inputs_.emplace_back(node, std::string(1, name), InputOptions{.tip = tip, .optional = true});
  }
  /// What is linked, in order.
  std::vector<std::pair<std::string, Value>> linked(const RunContext& ctx) const {
    std::vector<std::pair<std::string, Value>> values;
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      if (const Value& value = ctx.input(inputs_[i].index)) values.emplace_back(std::string(1, kNames[i]), value);
    return values;
  }
  /// ComfyUI's names for them: "values.a" ...
  static void add_foreign(std::vector<ForeignInput>& inputs) {
    for (const char& name : kNames) inputs.emplace_back("values." + std::string(1, name), std::string(1, name));
  }

 private:
  static constexpr std::string_view kNames = "abcdefghijklmnopqrstuvwxyz";
  std::vector<Input<Anything>> inputs_;
};

}  // namespace weft::value
