// Asset files: model files and input files, found by the names that stand in workflows. Looks at names only
// and opens nothing, so a workflow's files can be checked before any reader is in memory. Thread-safe.
//
// A *root* holds one folder a kind of model, named as ComfyUI's are: checkpoints, vae, loras, controlnet,
// embeddings, upscale_models, clip ... A *model* is a file there or in a folder below, or a diffusers folder
// (one that holds model_index.json). Its name is its path relative to the folder of its kind:
// "sd15/v1-5.safetensors", "paper-cut".
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/node.h"
#include "graph/registry.h"

namespace weft {

struct Asset {
  std::string folder;  ///< "checkpoints"
  std::string name;    ///< relative to its folder, with '/'
  std::filesystem::path path;
  std::filesystem::path root;
  std::uint64_t bytes = 0;
  bool is_folder = false;  ///< in diffusers layout
  bool shadowed = false;   ///< an earlier root has a model of this name: that one is found
};

/// The kinds of models, sorted.
WEFT_EXPORT std::span<const std::string_view> asset_folders();

/// Every model of a kind, sorted by name; those of one name in the order of the roots, the first is the one
/// in use.
WEFT_EXPORT std::vector<Asset> list_assets(std::span<const std::filesystem::path> roots, std::string_view folder);

/// The model of this name in the first root that has it. A name that leads out of its folder finds nothing.
/// '\' is read as '/', as names in files made on Windows have it.
WEFT_EXPORT std::optional<std::filesystem::path> find_asset(
    std::span<const std::filesystem::path> roots, std::string_view folder, std::string_view name);
/// The same; throws NodeError with what there is, nearest names first.
WEFT_EXPORT std::filesystem::path require_asset(
    std::span<const std::filesystem::path> roots, std::string_view folder, std::string_view name);

/// An existing file that a Widget::File param names: as it is if absolute, else beside the workflow, then in
/// the input folders.
WEFT_EXPORT std::optional<std::filesystem::path> find_input_file(
    const RunEnvironment& environment, std::string_view name);

/// A problem for each model or input file that the wanted nodes of a plain graph (see expand.h) and their ancestors name
/// and that is not there. An empty name means "none" and is left to the node.
WEFT_EXPORT std::vector<Problem> missing_files(const Graph& graph, const Registry& registry,
    const RunEnvironment& environment, std::span<const std::string> wanted);

/// The roots to look in, first wins: `first` (what the caller says), WEFT_MODELS (colon-separated), `models`
/// in or beside the workflow's folder, and the models that come with the program. A folder that holds a
/// `models` with model folders, such as a ComfyUI installation, stands for that. Only what exists, each once.
WEFT_EXPORT std::vector<std::filesystem::path> model_roots(
    std::span<const std::filesystem::path> first, const std::filesystem::path& workflow_folder);

}  // namespace weft
