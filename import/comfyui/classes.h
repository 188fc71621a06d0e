// Which of Weft's node types stands for which node class of ComfyUI.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::comfyui {

/// How the value of a widget becomes that of a param.
enum class Change : std::uint8_t {
  None,
  Link,       ///< never a value: its widget does not exist
  LeaveOut,   ///< Weft has no such param, and needs none
  Seed,       ///< in the editor's file a word for what happens to it after a run follows
  Enable,     ///< "enable" and "disable" are true and false
  ClipLayer,  ///< -2 is the second from the end: 2
  File,       ///< "a.png [input]", with '\' between folders if it was made on Windows
  Crop,       ///< "disabled" is "none"
  MaskArea,   ///< "default" is "whole picture"
};

struct Port {
  const char* theirs;
  const char* ours;  ///< empty where it is left out
  Change change = Change::None;
};

struct Class {
  const char* theirs;
  const char* ours;
  std::span<const Port> inputs;  ///< in ComfyUI's order, by which its editor stores values
  std::span<const char* const> outputs;
  /// The input that output 0 gives again, of a class that makes files and has no output of Weft's; null: there is none.
  const char* given_again = nullptr;
};

/// Null for a class that Weft has no node for.
const Class* find_class(std::string_view name);

/// The classes that a node type stands for, by their names.
std::vector<std::string_view> class_names(std::string_view node_type);

/// "conditioning" of "CONDITIONING", "any" of "*".
std::string own_type(std::string_view theirs);

nlohmann::json changed(const nlohmann::json& value, Change change);

}  // namespace weft::comfyui
