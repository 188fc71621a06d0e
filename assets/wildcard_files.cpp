#include "assets/wildcard_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/utf8.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

constexpr int kDeepest = 8;  // folders; also what ends a loop of symbolic links
constexpr std::uintmax_t kLargest = 16 << 20;

/// * stands for any characters, ? for one.
bool matches(std::string_view name, std::string_view pattern) {
  std::size_t n = 0, p = 0, star = std::string_view::npos, from = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++from;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace

std::vector<fs::path> find_wildcards(std::span<const fs::path> roots, std::string_view name) {
  std::map<std::string, fs::path> found;  // by name
  for (const fs::path& root : roots) {
    const fs::path base = root / "wildcards";
    using Options = fs::directory_options;
    std::error_code error;
    fs::recursive_directory_iterator it(
        base, Options::follow_directory_symlink | Options::skip_permission_denied, error);
    for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
      if (it.depth() >= kDeepest) it.disable_recursion_pending();
      std::error_code none;
      if (it->path().extension() != ".txt" || !it->is_regular_file(none)) continue;
      const std::string own = it->path().lexically_relative(base).replace_extension().generic_string();
      if (matches(own, name)) found.try_emplace(own, it->path());
    }
  }
  std::vector<fs::path> files;
  for (const auto& [own, path] : found) files.push_back(path);
  return files;
}

std::vector<std::string> wildcard_lines(std::span<const fs::path> files) {
  std::vector<std::string> lines;
  std::set<std::string> known;
  for (const fs::path& file : files) {
    std::error_code none;
    if (const auto size = fs::file_size(file, none); !none && size > kLargest)
      throw NodeError(fmt::format("{} is too large for a file of wildcards", file.string()), "split it");
    std::ifstream in(file, std::ios::binary);
    for (std::string line; std::getline(in, line);) {
      if (!is_utf8(line)) throw NodeError(fmt::format("{} is no text in UTF-8", file.string()), "save it as UTF-8");
      if (lines.empty() && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // a mark of editors
      const std::size_t begin = line.find_first_not_of(" \t\r\f\v");
      if (begin == std::string::npos || line[begin] == '#') continue;
      line = line.substr(begin, line.find_last_not_of(" \t\r\f\v") + 1 - begin);
      if (known.insert(line).second) lines.push_back(std::move(line));
    }
  }
  return lines;
}

}  // namespace weft
