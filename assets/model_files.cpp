#include "assets/model_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/error.h"
#include "base/spelling.h"

namespace weft {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 15> kFolders = {"checkpoints", "clip", "clip_vision", "configs", "controlnet",
    "diffusion_models", "embeddings", "gligen", "hypernetworks", "ipadapter", "loras", "style_models", "upscale_models",
    "vae", "vae_approx"};

/// What ComfyUI takes for a model file. Which of them can be read is the readers' business.
constexpr std::array<std::string_view, 10> kExtensions = {
    ".safetensors", ".sft", ".ckpt", ".pt", ".pt2", ".pth", ".bin", ".pkl", ".gguf", ".yaml"};

constexpr int kDeepest = 8;  // folders below a model folder; also what ends a loop of symbolic links

/// The names under which a kind's folder may lie in a root: ComfyUI renamed some and reads both.
std::vector<std::string> folder_names(std::string_view folder) {
  if (folder == "clip" || folder == "text_encoders") return {"clip", "text_encoders"};
  if (folder == "diffusion_models" || folder == "unet") return {"diffusion_models", "unet"};
  if (folder == "controlnet") return {"controlnet", "t2i_adapter"};
  return {std::string(folder)};
}

/// A whole model, or one of its networks (config.json and weights).
bool is_diffusers_folder(const fs::path& path) {
  std::error_code none;
  return fs::is_regular_file(path / "model_index.json", none) ||
      (fs::is_regular_file(path / "config.json", none) &&
          fs::is_regular_file(path / "diffusion_pytorch_model.safetensors", none));
}

bool is_model_file(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
  std::error_code none;
  return std::ranges::find(kExtensions, extension) != kExtensions.end() && fs::is_regular_file(path, none);
}

/// ComfyUI's names, among the VAEs, for those that are two files in another folder: "taesd" is "taesd_encoder.safetensors"
/// and "taesd_decoder.safetensors" (or of another ending) in vae_approx. The decoder's path, beside which the other lies.
constexpr std::array<std::string_view, 2> kTinyVAEs = {"taesd", "taesdxl"};

std::optional<fs::path> tiny_vae(const fs::path& root, std::string_view name) {
  if (std::ranges::find(kTinyVAEs, name) == kTinyVAEs.end()) return {};
  std::error_code none;
  for (const std::string_view extension : kExtensions) {
    const auto half = [&](const char* which) {
      return root / "vae_approx" / fmt::format("{}_{}{}", name, which, extension);
    };
    if (fs::is_regular_file(half("encoder"), none) && fs::is_regular_file(half("decoder"), none))
      return half("decoder");
  }
  return {};
}

std::uint64_t bytes_below(const fs::path& folder) {
  std::error_code error;
  std::uint64_t bytes = 0;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code none;
    if (it->is_regular_file(none)) bytes += it->file_size(none);
  }
  return bytes;
}

void collect_models(const fs::path& base, Asset asset, std::vector<Asset>& found) {
  using Options = fs::directory_options;
  std::error_code error;
  fs::recursive_directory_iterator it(base, Options::follow_directory_symlink | Options::skip_permission_denied, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    asset.is_folder = is_diffusers_folder(it->path());
    if (asset.is_folder || it.depth() >= kDeepest) it.disable_recursion_pending();
    if (!asset.is_folder && !is_model_file(it->path())) continue;
    asset.path = it->path();
    asset.name = it->path().lexically_relative(base).generic_string();
    std::error_code none;
    asset.bytes = asset.is_folder ? bytes_below(asset.path) : fs::file_size(asset.path, none);
    found.push_back(asset);
  }
}

/// The name as a path inside a folder, or nothing if it leads out of it.
std::optional<fs::path> inner_path(std::string_view name) {
  std::string slashed(name);
  std::ranges::replace(slashed, '\\', '/');
  const fs::path path(slashed);
  if (slashed.empty() || slashed.find('\0') != std::string::npos || path.is_absolute()) return {};
  if (std::ranges::find(path, fs::path("..")) != path.end()) return {};
  return path;
}

std::string folders_looked_in(std::span<const fs::path> roots, std::string_view folder) {
  std::vector<std::string> places;
  for (const fs::path& root : roots) places.push_back((root / folder).string());
  return places.empty() ? "no model folder was given" : fmt::format("looked in {}", fmt::join(places, ", "));
}

bool holds_model_folders(const fs::path& path) {
  std::error_code none;
  return std::ranges::any_of(kFolders, [&](std::string_view f) { return fs::is_directory(path / f, none); });
}

/// The models that come with the program: share/weft/models of an installation, models/ of a source tree.
std::vector<fs::path> own_models() {
  std::error_code error;
  const fs::path prefix = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
  std::vector<fs::path> roots = {prefix / "share/weft/models"};
  if (fs::exists(prefix / "CMakeCache.txt", error)) roots.push_back(prefix.parent_path().parent_path() / "models");
  return roots;
}

std::vector<fs::path> split_paths(const char* text) {
  std::vector<fs::path> paths;
  std::string_view rest = text ? text : "";
  while (!rest.empty()) {
    const std::size_t colon = std::min(rest.find(':'), rest.size());
    if (colon > 0) paths.emplace_back(rest.substr(0, colon));
    rest.remove_prefix(std::min(colon + 1, rest.size()));
  }
  return paths;
}

}  // namespace

std::span<const std::string_view> asset_folders() { return kFolders; }

std::vector<Asset> list_assets(std::span<const fs::path> roots, std::string_view folder) {
  std::vector<Asset> assets;
  for (const fs::path& root : roots)
    for (const std::string& name : folder_names(folder))
      collect_models(root / name, {.folder = std::string(folder), .root = root}, assets);
  if (folder == "vae") {
    for (const fs::path& root : roots) {
      for (const std::string_view name : kTinyVAEs) {
        const auto path = tiny_vae(root, name);
        if (!path) continue;
        std::error_code none;
        assets.push_back({.folder = std::string(folder),
            .name = std::string(name),
            .path = *path,
            .root = root,
            .bytes = fs::file_size(*path, none)});
      }
    }
  }
  std::ranges::stable_sort(assets, {}, &Asset::name);
  for (std::size_t i = 1; i < assets.size(); ++i) assets[i].shadowed = assets[i].name == assets[i - 1].name;
  return assets;
}

std::optional<fs::path> find_asset(std::span<const fs::path> roots, std::string_view folder, std::string_view name) {
  const std::optional<fs::path> inner = inner_path(name);
  if (!inner) return {};
  std::error_code none;
  for (const fs::path& root : roots) {
    for (const std::string& kind : folder_names(folder)) {
      const fs::path path = root / kind / *inner;
      if (fs::is_regular_file(path, none) || is_diffusers_folder(path)) return path;
    }
    if (folder == "vae")
      if (auto path = tiny_vae(root, name)) return path;
  }
  return {};
}

std::string missing_model_text(std::string_view folder, std::string_view name) {
  return fmt::format("there is no model '{}' in '{}'", name, folder);
}

std::string missing_model_remedy(std::span<const fs::path> roots, std::string_view folder, std::string_view name) {
  std::vector<std::string> names;
  for (const Asset& asset : list_assets(roots, folder))
    if (!asset.shadowed) names.push_back(asset.name);
  const std::string places = folders_looked_in(roots, folder);
  if (names.empty())
    return fmt::format("put it there, or name the folder that holds '{}' in WEFT_MODELS ({})", folder, places);
  return fmt::format("{} ({})", suggestion(name, names), places);
}

fs::path require_asset(std::span<const fs::path> roots, std::string_view folder, std::string_view name) {
  if (std::optional<fs::path> path = find_asset(roots, folder, name)) return *path;
  throw NodeError(missing_model_text(folder, name), missing_model_remedy(roots, folder, name));
}

std::optional<fs::path> find_embedding(std::span<const fs::path> roots, const std::string& name) {
  for (const char* ending : {"", ".safetensors", ".pt", ".bin"})  // the last two are refused with what to do
    if (auto file = find_asset(roots, "embeddings", name + ending)) return file;
  return std::nullopt;
}

std::vector<fs::path> model_roots(std::span<const fs::path> first, const fs::path& workflow_folder) {
  std::vector<fs::path> candidates(first.begin(), first.end());
  const auto append = [&](const std::vector<fs::path>& more) {
    candidates.insert(candidates.end(), more.begin(), more.end());
  };
  append(split_paths(std::getenv("WEFT_MODELS")));
  const fs::path folder = fs::weakly_canonical(workflow_folder.empty() ? "." : workflow_folder);
  append({folder / "models", folder.parent_path() / "models"});
  append(own_models());

  std::vector<fs::path> roots;
  std::error_code none;
  for (const fs::path& candidate : candidates) {
    const bool stands_for_models = !holds_model_folders(candidate) && holds_model_folders(candidate / "models");
    const fs::path root = fs::weakly_canonical(stands_for_models ? candidate / "models" : candidate, none);
    if (fs::is_directory(root, none) && std::ranges::find(roots, root) == roots.end()) roots.push_back(root);
  }
  return roots;
}

}  // namespace weft
