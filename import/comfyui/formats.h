// What both formats of ComfyUI say of a node, in one form.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "graph/graph.h"
#include "graph/registry.h"

namespace weft::comfyui {

/// An output of another node, by its place.
struct Output {
  std::string node;
  std::size_t slot = 0;
};

/// What the editor's file says of an input or output. The API format says nothing of the kind.
struct Slot {
  std::string name;
  std::string type;  ///< "CONDITIONING"; "*" takes everything
};

using Input = std::variant<nlohmann::json, Output>;

struct Node {
  std::string id, type, title;
  std::map<std::string, Input> inputs;
  std::vector<Slot> input_slots = {}, output_slots = {};
  NodeState state = NodeState::Active;
  std::optional<std::pair<double, double>> at;
  bool collapsed = false;  ///< to its title
};

/// A rectangle with a text: a group, a note.
struct Note {
  std::string text;
  double x = 0, y = 0, width = 0, height = 0;
};

struct Sheet {
  std::vector<Node> nodes;  ///< in the order of the file
  std::vector<Note> groups, notes;
};

bool is_api(const nlohmann::json& json);
bool is_editor_file(const nlohmann::json& json);
/// Throw GraphError on what is damaged. The registry tells the order in which the editor stores the values of a class.
Sheet read_api(const nlohmann::json& json, const std::string& source);
Sheet read_editor_file(const nlohmann::json& json, const Registry& registry, const std::string& source);

}  // namespace weft::comfyui
