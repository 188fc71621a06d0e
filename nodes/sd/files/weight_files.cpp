#include "nodes/sd/files/weight_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <optional>
#include <regex>
#include <set>

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/model_json.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

/// The files of one variant.
struct FileSet {
  std::optional<fs::path> whole, index;
  std::map<std::int64_t, fs::path> shards;  ///< by their number
  std::int64_t shard_count = 0;             ///< as their names have it
};

/// By variant; the plain set's name is empty.
struct Found {
  std::map<std::string, FileSet> sets;
  bool folder = false, pickles = false;
};

/// "STEM.safetensors", "STEM.fp16.safetensors", "STEM-00001-of-00002.safetensors",
/// "STEM.fp16-00001-of-00002.safetensors", "STEM.safetensors.index.json", "STEM.safetensors.index.fp16.json"
Found look_into(const fs::path& folder, const std::string& stem) {
  static const std::regex kWeights(R"((?:\.([^.]+?))?(?:-(\d{5})-of-(\d{5}))?\.safetensors)");
  static const std::regex kIndex(R"(\.safetensors\.index(?:\.([^.]+))?\.json)");
  Found found;
  found.folder = fs::is_directory(folder);
  std::error_code error;
  fs::directory_iterator entries(folder, error);
  if (error && error != std::errc::no_such_file_or_directory)
    throw ModelError(folder.string(), "cannot be read: " + error.message(), "look at its rights and at the limits");
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(stem)) continue;
    const std::string rest = name.substr(stem.size());
    if (std::smatch match; std::regex_match(rest, match, kIndex)) {
      found.sets[match[1]].index = entry.path();
    } else if (std::regex_match(rest, match, kWeights)) {
      FileSet& set = found.sets[match[1]];
      if (!match[2].matched) {
        set.whole = entry.path();
      } else {
        set.shards[std::stoll(match[2])] = entry.path();
        set.shard_count = std::max<std::int64_t>(set.shard_count, std::stoll(match[3]));
      }
    } else if (name.ends_with(".bin")) {
      found.pickles = true;
    }
  }
  return found;
}

std::vector<fs::path> files_of_index(const fs::path& index, const std::string& stem) {
  const nlohmann::json json = read_model_json(index);
  const auto map = json.find("weight_map");
  if (map == json.end() || !map->is_object() || map->empty())
    throw ModelError(index.string(), "is no index of shards: it has no weight_map", "download it again");
  std::set<std::string> names;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string())
      throw ModelError(index.string(), fmt::format("names no file for \"{}\"", tensor), "download it again");
    names.insert(file.get<std::string>());
  }
  std::vector<fs::path> files;
  for (const std::string& name : names) {
    if (name.empty() || fs::path(name).filename() != name)
      throw ModelError(
          index.string(), fmt::format("names \"{}\", which is no file of its folder", name), "download it again");
    const fs::path file = index.parent_path() / name;
    if (!fs::exists(file))
      throw ModelError(index.string(), fmt::format("names {}, which is not there", name),
          fs::exists(index.parent_path() / (stem + ".safetensors"))
              ? fmt::format("download it; or delete the index if it is older than {}.safetensors", stem)
              : "download the whole folder");
    files.push_back(file);
  }
  return files;
}

std::vector<fs::path> files_of(const fs::path& folder, const FileSet& set, const std::string& stem, WholeFile whole) {
  if (set.whole && (whole == WholeFile::BeforeShards || !set.index)) return {*set.whole};
  if (set.index) return files_of_index(*set.index, stem);
  std::vector<fs::path> files;
  for (std::int64_t i = 1; i <= set.shard_count; ++i) {
    const auto shard = set.shards.find(i);
    if (shard == set.shards.end())
      throw ModelError(folder.string(), fmt::format("lacks shard {} of {} of {}", i, set.shard_count, stem),
          "download the whole folder");
    files.push_back(shard->second);
  }
  return files;
}

}  // namespace

std::vector<fs::path> weight_files(const fs::path& folder, const std::string& stem, WholeFile whole) {
  const Found found = look_into(folder, stem);
  if (!found.folder) throw ModelError(folder.string(), "there is no such folder", "download the whole model");
  if (found.sets.empty())
    throw ModelError(folder.string(),
        found.pickles ? "has PyTorch pickles (.bin) only" : fmt::format("has no {}*.safetensors", stem),
        found.pickles ? "convert them to .safetensors" : "download the whole folder");
  if (const auto plain = found.sets.find(""); plain != found.sets.end())
    return files_of(folder, plain->second, stem, whole);
  if (found.sets.size() == 1) return files_of(folder, found.sets.begin()->second, stem, whole);
  std::vector<std::string> names;
  for (const auto& [variant, set] : found.sets) names.push_back(variant);
  throw ModelError(folder.string(),
      fmt::format("has only variants of {}.safetensors: {}", stem, fmt::join(names, " and ")),
      fmt::format("rename the one to be used to {}.safetensors, or delete the others", stem));
}

}  // namespace weft::sd
