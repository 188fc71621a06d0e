#include "nodes/sd/files/file_hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/atomic_file.h"
#include "base/cancel_point.h"
#include "base/foreign_json.h"
#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

/// The file itself, or every file in the folder, sorted.
std::vector<fs::path> files_of(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

std::string sha256(const std::vector<fs::path>& files) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr);
  std::vector<char> buffer(1 << 20);
  for (const fs::path& file : files) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) throw ModelError(file.string(), "cannot be read", "check its permissions");
    while (stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || stream.gcount() > 0) {
      cancel_point();
      EVP_DigestUpdate(digest.get(), buffer.data(), static_cast<std::size_t>(stream.gcount()));
    }
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  EVP_DigestFinal_ex(digest.get(), bytes.data(), &size);
  std::string text;
  for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

fs::path cache_file() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache) return fs::path(cache) / "weft/hashes.json";
  if (const char* home = std::getenv("HOME"); home && *home) return fs::path(home) / ".cache/weft/hashes.json";
  return {};
}

nlohmann::json read_cache(const fs::path& file) {
  nlohmann::json cache = foreign_json_file_or_null(file);
  return cache.is_object() ? cache : nlohmann::json::object();
}

void remember(const fs::path& file, const std::string& key, const std::string& stamp, const std::string& hash) {
  try {
    fs::create_directories(file.parent_path());
    nlohmann::json cache = read_cache(file);  // again: another process may have added to it
    cache[key] = {{"stamp", stamp}, {"sha256", hash}};
    write_file_atomically(file, cache.dump(1));
  } catch (const std::exception&) {
    // Without a cache the next run computes the hash once more; nothing else is lost.
  }
}

}  // namespace

std::string file_stamp(const fs::path& path) {
  std::string stamp;
  for (const fs::path& file : files_of(path))
    stamp += fmt::format(
        "{} {} {};", file.string(), fs::file_size(file), fs::last_write_time(file).time_since_epoch().count());
  return stamp;
}

namespace {

std::string key_of(const fs::path& path) { return fs::absolute(path).lexically_normal().string(); }

std::optional<std::string> remembered(const fs::path& cache, const std::string& key, const std::string& stamp) {
  if (cache.empty()) return std::nullopt;
  const nlohmann::json known = read_cache(cache).value(key, nlohmann::json::object());
  if (!known.is_object() || known.value("stamp", "") != stamp || !known.contains("sha256") ||
      !known["sha256"].is_string())
    return std::nullopt;
  return known["sha256"].get<std::string>();
}

std::mutex one_at_a_time;

}  // namespace

std::optional<std::string> remembered_hash(const fs::path& path) {
  const std::lock_guard lock(one_at_a_time);
  return remembered(cache_file(), key_of(path), file_stamp(path));
}

std::string model_hash(const fs::path& path) {
  const fs::path cache = cache_file();
  const std::string key = key_of(path), stamp = file_stamp(path);
  const std::lock_guard lock(one_at_a_time);
  if (const auto known = remembered(cache, key, stamp)) return *known;
  const std::string hash = sha256(files_of(path));
  if (!cache.empty()) remember(cache, key, stamp, hash);
  return hash;
}

}  // namespace weft::sd
