#include "graph/foreign.h"

#include <cstdint>

namespace weft {
namespace {

using nlohmann::json;

/// "name", or ["theirs", "ours"], or with values and counting behind.
json written(const ForeignInput& input) {
  if (input.from_end) return {input.theirs, input.ours, "from_end"};
  if (!input.values.empty()) return {input.theirs, input.ours, input.values};
  return input.theirs == input.ours ? json(input.theirs) : json{input.theirs, input.ours};
}

ForeignInput read(const json& input) {
  if (input.is_string()) return {input.get<std::string>(), input.get<std::string>()};
  const auto &theirs = input.at(0), &ours = input.at(1);
  if (input.size() < 3) return {theirs.get<std::string>(), ours.get<std::string>()};
  if (input.at(2).is_string()) return ForeignInput::counted_from_end(theirs, ours);
  return {theirs.get<std::string>(), ours.get<std::string>(), input.at(2).get<std::map<std::string, json>>()};
}

}  // namespace

json ForeignInput::value_of(const json& value) const {
  constexpr std::int64_t kFurthest = 1000;
  if (from_end && value.is_number_integer() && value < 0 && value > -kFurthest) return -value.get<std::int64_t>();
  const auto named = value.is_string() ? values.find(value.get<std::string>()) : values.end();
  return named == values.end() ? value : named->second;
}

void to_json(json& json, const ForeignClass& foreign) {
  json = {{"program", foreign.program}, {"name", foreign.name}};
  for (const ForeignInput& input : foreign.inputs) json["inputs"].push_back(written(input));
  if (!foreign.outputs.empty()) json["outputs"] = foreign.outputs;
  if (!foreign.passes_on.empty()) json["passes_on"] = foreign.passes_on;
}

void from_json(const json& json, ForeignClass& foreign) {
  foreign = {.program = json.at("program"),
      .name = json.at("name"),
      .outputs = json.value("outputs", std::vector<std::string>{}),
      .passes_on = json.value("passes_on", "")};
  for (const auto& input : json.value("inputs", nlohmann::json::array())) foreign.inputs.push_back(read(input));
}

}  // namespace weft
