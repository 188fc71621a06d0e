// Params that are edited on a picture instead of as numbers and text: regions and paintings. They are known by the roles
// that they declare (PortRole), so plugins' nodes have them too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "editor/session/document.h"
#include "editor/session/geometry.h"
#include "painting/painting.h"

namespace weft::editor {

/// The value that counts: the literal, or the default; of a linked param the default too, as nobody knows
/// more.
nlohmann::json effective_value(const GraphNode& node, const PortInfo& port);
/// Where the value comes from, if from a link.
std::optional<PortRef> source_of(const GraphNode& node, std::string_view input);

struct RegionParams {
  enum class Form : std::uint8_t { Corner, Box, Edges };  ///< x y; x y width height; left top right bottom
  Form form = Form::Box;
  std::vector<const PortInfo*> ports;  ///< in that order; of the NodeInfo
  bool parts = false;  ///< of the picture's width and height, not pixels
};
/// Nothing where the type has none.
std::optional<RegionParams> region_params(const NodeInfo& type);
/// In pixels of a picture of this size. A Corner has no size of its own: it is `picture`'s then.
Rect region_of(const GraphNode& node, const RegionParams& params, Size picture);
/// Merges, as drags do; linked params are left alone.
void set_region(
    Document& document, const std::string& node, const RegionParams& params, const Rect& region, Size picture);

const PortInfo* painting_param(const NodeInfo& type);
/// How its strokes are made, by the params beside it.
painting::Manner painting_manner(const GraphNode& node, const NodeInfo& type);
/// Of what is painted on.
Size painting_size(const GraphNode& node, const NodeInfo& type);
/// One step of undo.
void set_painting(Document& document, const std::string& node, const PortInfo& port, const std::string& step,
    const std::vector<painting::Stroke>& strokes);

}  // namespace weft::editor
