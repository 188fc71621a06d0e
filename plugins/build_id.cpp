#include "plugins/build_id.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <vector>

#include "base/error.h"

namespace weft {
namespace {

constexpr std::size_t kMostBytes = 1 << 16;  // of headers or notes; real ones are far below

std::vector<char> read_at(std::ifstream& file, std::uint64_t offset, std::size_t count) {
  std::vector<char> bytes(std::min(count, kMostBytes));
  file.seekg(static_cast<std::streamoff>(offset));
  if (!file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()))) bytes.clear();
  file.clear();
  return bytes;
}

std::uint64_t rounded_up(std::uint64_t size) { return (size + 3) & ~std::uint64_t{3}; }

std::string hexadecimal(std::string_view bytes) {
  std::string text;
  for (unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

/// A note is a header, a name and a description, both padded to four bytes.
std::string build_id_in(std::string_view notes) {
  while (notes.size() >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr header;
    std::memcpy(&header, notes.data(), sizeof header);
    notes.remove_prefix(sizeof header);
    const std::uint64_t name = rounded_up(header.n_namesz);
    const std::uint64_t note = name + rounded_up(header.n_descsz);
    if (note > notes.size()) break;
    if (header.n_type == NT_GNU_BUILD_ID && notes.substr(0, header.n_namesz) == std::string_view("GNU", 4))
      return hexadecimal(notes.substr(name, header.n_descsz));
    notes.remove_prefix(note);
  }
  return {};
}

std::string read_build_id(std::ifstream& file) {
  const std::vector<char> start = read_at(file, 0, sizeof(Elf64_Ehdr));
  Elf64_Ehdr header{};
  if (start.size() == sizeof header) std::memcpy(&header, start.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
    throw PluginError("it is no library", "build it again");

  const std::vector<char> segments = read_at(file, header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr));
  for (std::size_t at = 0; at + sizeof(Elf64_Phdr) <= segments.size(); at += sizeof(Elf64_Phdr)) {
    Elf64_Phdr segment;
    std::memcpy(&segment, segments.data() + at, sizeof segment);
    if (segment.p_type != PT_NOTE) continue;
    const std::vector<char> notes = read_at(file, segment.p_offset, segment.p_filesz);
    const std::string id = build_id_in({notes.data(), notes.size()});
    if (!id.empty()) return id;
  }
  throw PluginError("it has no build id", "link it with -Wl,--build-id, as weft_add_plugin() does");
}

}  // namespace

std::string build_id_of(const std::filesystem::path& library) {
  std::ifstream file(library, std::ios::binary);
  if (!file)
    throw PluginError(fmt::format("the library {} cannot be read", library.string()), "build the plugin again");
  try {
    return read_build_id(file);
  } catch (const PluginError& error) {
    throw PluginError(fmt::format("{}: {}", library.string(), error.what()));
  }
}

}  // namespace weft
