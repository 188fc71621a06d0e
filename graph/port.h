// Ports: what a node type takes and gives, stated once. Widget, check on load, cache key, catalogue, docs and JSON schema
// are all derived from PortInfo. [any thread]
//
//   weft::Input<weft::Image>  image_{*this, "image", {.tip = "RGB, values in [0, 1]"}};
//   weft::Param<double>       amount_{*this, "amount", {.init = 1, .min = 0, .max = 1, .tip = "0 keeps, 1 inverts"}};
//   weft::Output<weft::Image> result_{*this, "image"};
//
// An *input* takes a link. A *param* takes a literal, or a link of its type. Names of inputs and params of a node type are
// unique together; outputs have names of their own. Port names are promises: they stand in users' files.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "graph/value.h"

namespace weft {

enum class PortKind : std::uint8_t { Input, Param, Output };

/// How a param is edited; also tells what a string means.
enum class Widget : std::uint8_t {
  Plain,  ///< number field, check box, single line of text
  Text,  ///< several lines of text
  Seed,  ///< a 64-bit seed; "int" on the link, all 2^64 values
  Choice,  ///< one of `choices`
  Model,  ///< a file in the model folder `folder` ("checkpoints"), named relative to it
  File,  ///< a path of an existing file; relative ones are looked up beside the workflow, then in the input folder
  Color,  ///< "#rrggbb"
};

/// What a param is to somebody who edits it on a picture. A *region* is a rectangle: its corner and size, its corner alone, or
/// its edges; in pixels where the params are "int", in parts of the picture where they are "float" up to 1. A *painting* is
/// text that painting/painting.h reads.
enum class PortRole : std::uint8_t {
  None,
  RegionX,
  RegionY,
  RegionWidth,
  RegionHeight,
  RegionLeft,
  RegionTop,
  RegionRight,
  RegionBottom,
  Painting,
  PaintingAs,  ///< what its shapes are: "strokes" or "polygons"
  PaintingBrush,  ///< width of a stroke that does not say it, in parts of the shorter side
  PaintingWidth,  ///< of what is painted on, in pixels
  PaintingHeight,
  PictureFile,  ///< the picture that the node reads: shown at it before any run
};

struct PortInfo {
  PortKind kind = PortKind::Input;
  std::string name = {};
  std::string type = {};  ///< a value type id
  std::string tip = {};
  bool optional = false;  ///< an input that may stay unconnected
  bool many = false;  ///< an input that takes a list of links, in order
  nlohmann::json init = {};  ///< a param's default; null = the user must give one
  std::optional<double> min = {}, max = {}, step = {};
  std::vector<std::string> choices = {};
  Widget widget = Widget::Plain;
  PortRole role = PortRole::None;
  std::string folder = {};
  std::vector<std::string> old_names = {};  ///< names in older files, renamed on load

  bool operator==(const PortInfo&) const = default;
};

WEFT_EXPORT void to_json(nlohmann::json&, const PortInfo&);
WEFT_EXPORT void from_json(const nlohmann::json&, PortInfo&);

class Node;

namespace detail {
/// Adds the port to the node's declaration and returns its index among the inputs and params, or among the outputs.
WEFT_EXPORT std::uint16_t declare_port(Node& node, PortInfo info);
}  // namespace detail

struct InputOptions {
  std::string tip = {};
  bool optional = false;
  std::vector<std::string> old_names = {};
};

/// An input that takes one link (or none, if optional: ask `ctx.has(port)`).
template <class T>
class Input {
 public:
  Input(Node& node, std::string name, InputOptions o = {})
      : index(detail::declare_port(node,
            {.kind = PortKind::Input,
                .name = std::move(name),
                .type = std::string(value_type_id<T>()),
                .tip = std::move(o.tip),
                .optional = o.optional,
                .old_names = std::move(o.old_names)})) {}
  const std::uint16_t index;
};

/// An input that takes any number of links, in order: `for (const Image* image : ctx.all(images_))`.
template <class T>
class Inputs {
 public:
  Inputs(Node& node, std::string name, InputOptions o = {})
      : index(detail::declare_port(node,
            {.kind = PortKind::Input,
                .name = std::move(name),
                .type = std::string(value_type_id<T>()),
                .tip = std::move(o.tip),
                .optional = o.optional,
                .many = true,
                .old_names = std::move(o.old_names)})) {}
  const std::uint16_t index;
};

template <class T>
struct ParamOptions {
  static_assert(std::is_arithmetic_v<T> || std::is_same_v<T, std::string>,
      "A param is a number, a bool or a string; everything else is an Input");
  T init = {};
  bool required = false;  ///< there is no default: the user must give a value
  std::optional<double> min = {}, max = {}, step = {};
  std::vector<std::string> choices = {};  ///< strings only; makes the widget a Choice
  Widget widget = Widget::Plain;
  PortRole role = PortRole::None;
  std::string folder = {};  ///< with Widget::Model
  std::string tip = {};
  std::vector<std::string> old_names = {};
};

template <class T>
class Param {
 public:
  Param(Node& node, std::string name, ParamOptions<T> o = {})
      : index(detail::declare_port(node,
            {.kind = PortKind::Param,
                .name = std::move(name),
                .type = std::string(value_type_id<T>()),
                .tip = std::move(o.tip),
                .init = o.required ? nlohmann::json() : nlohmann::json(o.init),
                .min = o.min,
                .max = o.max,
                .step = o.step,
                .choices = o.choices,
                .widget = o.choices.empty() ? o.widget : Widget::Choice,
                .role = o.role,
                .folder = std::move(o.folder),
                .old_names = std::move(o.old_names)})) {}
  const std::uint16_t index;
};

struct OutputOptions {
  std::string tip = {};
  std::vector<std::string> old_names = {};
};

template <class T>
class Output {
 public:
  Output(Node& node, std::string name, OutputOptions o = {})
      : index(detail::declare_port(node,
            {.kind = PortKind::Output,
                .name = std::move(name),
                .type = std::string(value_type_id<T>()),
                .tip = std::move(o.tip),
                .old_names = std::move(o.old_names)})) {}
  const std::uint16_t index;
};

}  // namespace weft
