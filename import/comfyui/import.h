// Workflows of ComfyUI as Weft's: its API format ("prompt": {"3": {"class_type": ..., "inputs": ...}}) and the file of its
// editor ("workflow": {"nodes": [...], "links": [...]}, version 0.4).
//
// Nodes that Weft or a plugin has get their types and names of ports; ids, titles, places, muted and bypassed nodes stay. Reroutes are
// followed, primitives written into what they feed, notes become comments, groups frames. Node classes that Weft does not
// have stay as placeholders of the type "comfyui.CLASS" with all that they hold, so that nothing is lost.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "graph/registry.h"
#include "graph/workflow.h"

namespace weft::comfyui {

struct Imported {
  Workflow workflow;
  std::vector<std::string> remarks;  ///< what could not be taken over as it was, a sentence each
};

/// Whether the JSON is one of the two formats.
bool is_workflow(const nlohmann::json& json);

/// Throws GraphError if `json` is neither, or is damaged; `source` names it in the error. `editor_file`: where `json` is of
/// the API format, which knows no places, the file of the editor for the same nodes, as pictures carry both; null: none.
/// The registry tells which node types stand for ComfyUI's classes.
Imported import_workflow(const nlohmann::json& json, const Registry& registry, const std::string& source,
    const nlohmann::json& editor_file = {});

}  // namespace weft::comfyui
