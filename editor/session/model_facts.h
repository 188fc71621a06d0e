// What the editor knows of a model from its folder, without opening a network. [any thread]
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace weft::editor {

/// The side, in pixels, of the pictures that a model in diffusers layout was made for: what its U-Net's and VAE's
/// configurations say. Nothing for single files, whose networks would have to be read.
std::optional<std::int64_t> native_size(const std::filesystem::path& model);

}  // namespace weft::editor
