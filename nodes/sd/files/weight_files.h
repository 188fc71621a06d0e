// Which files of a folder hold a network's weights. There may be several sets of them: one file, its shards
// with an index, and variants of both (".fp16"). What the library that writes such folders would load is
// loaded.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace weft::sd {

/// Where a folder holds a whole file and shards: diffusers goes by the index, transformers takes the file.
enum class WholeFile { AfterShards, BeforeShards };

/// The files of "STEM.safetensors", or of its only variant where there is no plain set. Throws ModelError
/// where there is none, where shards that an index names are missing, and where variants leave the choice
/// open.
std::vector<std::filesystem::path> weight_files(
    const std::filesystem::path& folder, const std::string& stem, WholeFile whole);

}  // namespace weft::sd
