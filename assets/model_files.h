// Model files, found by the names that stand in workflows. Looks at names only and opens nothing, so that a workflow's
// models can be checked before any reader is in memory. [any thread]
//
// A *root* holds one folder a kind of model, named as ComfyUI's are: checkpoints, vae, loras, controlnet, embeddings,
// upscale_models, clip ... A *model* is a file there or in a folder below, or a diffusers folder (one that holds
// model_index.json). Its name is its path relative to the folder of its kind: "sd15/v1-5.safetensors", "paper-cut". The
// VAEs "taesd" and "taesdxl" are two files in vae_approx, as in ComfyUI.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/export.h"

namespace weft {

struct Asset {
  std::string folder;  ///< "checkpoints"
  std::string name;  ///< relative to its folder, with '/'
  std::filesystem::path path;
  std::filesystem::path root;
  std::uint64_t bytes = 0;
  bool is_folder = false;  ///< in diffusers layout
  bool shadowed = false;  ///< an earlier root has a model of this name: that one is found
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
/// The same; throws NodeError with missing_model_text() and missing_model_remedy().
WEFT_EXPORT std::filesystem::path require_asset(
    std::span<const std::filesystem::path> roots, std::string_view folder, std::string_view name);

/// The file of a textual inversion by its name in a text, which may lack the extension.
WEFT_EXPORT std::optional<std::filesystem::path> find_embedding(
    std::span<const std::filesystem::path> roots, const std::string& name);

/// "there is no model 'a' in 'vae'"
WEFT_EXPORT std::string missing_model_text(std::string_view folder, std::string_view name);
/// What to do about it: the names that there are, nearest first, and where they were looked for.
WEFT_EXPORT std::string missing_model_remedy(
    std::span<const std::filesystem::path> roots, std::string_view folder, std::string_view name);

/// The roots to look in, first wins: `first` (what the caller says), WEFT_MODELS (colon-separated), `models`
/// in or beside the workflow's folder, and the models that come with the program. A folder that holds a
/// `models` with model folders, such as a ComfyUI installation, stands for that. Only what exists, each once.
WEFT_EXPORT std::vector<std::filesystem::path> model_roots(
    std::span<const std::filesystem::path> first, const std::filesystem::path& workflow_folder);

}  // namespace weft
