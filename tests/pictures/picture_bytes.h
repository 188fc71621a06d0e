// Picture files for tests: as tools write them (fixtures/, made by tests/reference/make_pictures.py), or changed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pictures/picture_file.h"

namespace weft::pictures {

std::string fixture(const std::string& name);
/// What Pillow reads of the fixtures, by their names.
const nlohmann::json& pillow();

/// Writes a file of these bytes; its path.
std::filesystem::path file_of(const std::string& bytes);

struct Read {
  int width = 0, height = 0, frames = 0;
  bool has_alpha = false;
  std::vector<std::uint8_t> rgba;  ///< 8 bits
  std::vector<std::string> warnings;
};
/// All frames. Fails the test where a pixel was not written, or is outside.
Read read(const std::filesystem::path& file, ReadOptions options = {.frame = std::nullopt});
/// Why it cannot be read; empty if it can.
std::string refusal(const std::filesystem::path& file, const ReadOptions& options = {.frame = std::nullopt});

/// A PNG chunk with its CRC.
std::string chunk(const std::string& name, const std::string& body);
std::string big_endian(std::uint32_t number);
std::string little_endian(std::uint64_t number, int bytes);
/// A PNG without the chunks of that name, and with `more` before its IDAT.
std::string with_chunks(const std::string& png, const std::string& without, const std::string& more);

}  // namespace weft::pictures
