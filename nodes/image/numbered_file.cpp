#include "nodes/image/numbered_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/error.h"
#include "nodes/image/part_file.h"

namespace weft::image {
namespace {

namespace fs = std::filesystem;

int next_number(const fs::path& folder, const std::string& stem) {
  int last = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(stem + "_")) continue;
    int number = 0;
    const char* digits = name.data() + stem.size() + 1;
    const auto [end, bad] = std::from_chars(digits, name.data() + name.size(), number);
    if (bad == std::errc() && std::string_view(end, name.data() + name.size()) == "_.png")
      last = std::max(last, number);
  }
  return last + 1;
}

}  // namespace

fs::path write_next(const fs::path& folder, const std::string& prefix, std::span<const std::uint8_t> bytes) {
  const fs::path wanted = (folder / prefix).lexically_normal();
  const fs::path relative = wanted.lexically_relative(folder.lexically_normal());
  if (prefix.empty() || relative.empty() || *relative.begin() == "..")
    throw NodeError(fmt::format("the file name prefix '{}' leads out of the output folder", prefix),
        "give a name, or subfolder/name");
  const fs::path parent = wanted.parent_path();
  const std::string stem = wanted.filename().string();
  std::error_code error;
  fs::create_directories(parent, error);
  if (error) fail_to_write(parent, error.value());

  remove_abandoned_parts(parent);
  PartFile part(parent, stem);
  part.write(bytes);
  for (int number = next_number(parent, stem);; ++number) {
    const fs::path name = parent / fmt::format("{}_{:05}_.png", stem, number);
    if (part.publish(name)) return name;
  }
}

}  // namespace weft::image
