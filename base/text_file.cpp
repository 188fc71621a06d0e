#include "base/text_file.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/error.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& source, const std::string& why, const std::string& remedy) {
  throw GraphError(Problem{.what = fmt::format("cannot read '{}': {}", source, why), .remedy = remedy});
}

[[noreturn]] void fail_for_size(const std::string& source) {
  fail(source, fmt::format("it is larger than {} MiB", kLargestText >> 20), "give a JSON file, which is small");
}

}  // namespace

std::string read_text(std::istream& stream, const std::string& source) {
  std::string text;
  std::array<char, 1 << 16> part;
  while (stream.read(part.data(), part.size()) || stream.gcount() > 0) {
    text.append(part.data(), static_cast<std::size_t>(stream.gcount()));
    if (text.size() > kLargestText) fail_for_size(source);
  }
  if (stream.bad()) fail(source, "an error of the disk", "use another copy of it");
  return text;
}

std::string read_text_file(const fs::path& file, Pipes pipes) {
  const std::string name = file.string();
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (!fs::exists(status)) {
    if (error && error != std::errc::no_such_file_or_directory) fail(name, error.message(), "check the path");
    fail(name, "there is no such file", "check the path");
  }
  if (fs::is_directory(status)) fail(name, "it is a folder", "give the name of a file");
  if (pipes == Pipes::Refused && !fs::is_regular_file(status)) fail(name, "it is no plain file", "give one");
  if (fs::is_regular_file(status) && fs::file_size(file, error) > kLargestText && !error) fail_for_size(name);
  std::ifstream stream(file, std::ios::binary);
  if (!stream) fail(name, "it cannot be opened", "check its permissions");
  return read_text(stream, name);
}

}  // namespace weft
