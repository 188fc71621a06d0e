// What identifies a model's bytes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace weft::sd {

/// SHA-256 of a file, or of all files of a folder in the order of their names, as 64 hexadecimal digits. Remembered in
/// ($XDG_CACHE_HOME or ~/.cache)/weft/hashes.json by path, size and time, since 4 GB take seconds; a cache that cannot be
/// read or written is done without. Throws ModelError if the model cannot be read.
std::string model_hash(const std::filesystem::path& path);

/// That hash where it is remembered, without reading the model.
std::optional<std::string> remembered_hash(const std::filesystem::path& path);

/// Changes when a file, or one in the folder, gets other bytes: sizes and times, without reading.
std::string file_stamp(const std::filesystem::path& path);

}  // namespace weft::sd
