// Files that are numbered in their folder, as image.save writes them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace weft::image {

/// Writes `bytes` as the next free `folder/prefix_00001_.png` and returns its path. The name appears only when the file
/// is whole, and never over another file; two writers, also of two programs, never take the same one. Nothing is asked of
/// the file system that FAT or a network folder cannot do. What killed writers have left in the folder is removed. A
/// prefix may name a subfolder, but nothing outside `folder`. Throws NodeError: folder not writable, disk full.
std::filesystem::path write_next(
    const std::filesystem::path& folder, const std::string& prefix, std::span<const std::uint8_t> bytes);

}  // namespace weft::image
