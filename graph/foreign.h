// ForeignClass: a node class of another program that a node type stands for, so that the other program's workflows can be
// imported. Stated where the node type is registered, by plugins as by Weft's own nodes; import/ reads it. [any thread]
//
//   .foreign = {{.program = "comfyui", .name = "KSamplerSelect", .inputs = {{"sampler_name", "name"}}, .outputs = {"sampler"}}}
//
// An input's role needs no word where the port says it: links stand at inputs, seeds and files at params with those widgets.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/export.h"

namespace weft {

struct ForeignInput {
  std::string theirs;
  std::string ours = {};  ///< a port of the node type; empty: it has none and needs none
  /// Values that have another name here, "disabled" -> "none". Others are taken as they are.
  std::map<std::string, nlohmann::json> values = {};
  bool from_end = false;  ///< -2 there is 2 here: the second from the end

  /// The same name on both sides.
  ForeignInput(const char* both) : theirs(both), ours(both) {}  // NOLINT: so that a list of names is one of inputs
  ForeignInput(std::string there, std::string here) : theirs(std::move(there)), ours(std::move(here)) {}
  ForeignInput(std::string there, std::string here, std::map<std::string, nlohmann::json> v)
      : theirs(std::move(there)), ours(std::move(here)), values(std::move(v)) {}
  static ForeignInput counted_from_end(std::string there, std::string here) {
    ForeignInput input(std::move(there), std::move(here));
    input.from_end = true;
    return input;
  }
  bool operator==(const ForeignInput&) const = default;

  /// What a value there means here.
  WEFT_EXPORT nlohmann::json value_of(const nlohmann::json& theirs) const;
};

struct ForeignClass {
  std::string program;  ///< "comfyui"
  std::string name;  ///< "KSamplerSelect"
  std::vector<ForeignInput> inputs = {};  ///< all, in the order in which that program declares them
  std::vector<std::string> outputs = {};  ///< ports of the node type, in that program's order
  /// The input that output 0 gives again, of a class that makes files and has no output here; empty: none.
  std::string passes_on = {};
  bool operator==(const ForeignClass&) const = default;
};

WEFT_EXPORT void to_json(nlohmann::json&, const ForeignClass&);
WEFT_EXPORT void from_json(const nlohmann::json&, ForeignClass&);

}  // namespace weft
