// JSON that lies beside a model (configurations, indices, vocabularies), read with errors that name the file.
// Every reader of such files goes through here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::sd {

/// The object in a file. Throws ModelError where the file cannot be read, is no JSON, is nested without end,
/// or holds something other than an object.
nlohmann::json read_model_json(const std::filesystem::path& path);

/// The same of text from inside a file; `origin` says which, and where in it.
nlohmann::json parse_model_json(std::string_view text, const std::string& origin);

/// A JSON file of a model folder whose values are asked by key. What is missing or null says nothing. Throws
/// ModelError that names file, key and value where that is of another kind than asked for.
class ConfigFile {
 public:
  /// A file that is not there has no keys.
  explicit ConfigFile(const std::filesystem::path& path);

  const std::string& origin() const { return origin_; }
  bool exists() const { return exists_; }
  const nlohmann::json& values() const { return values_; }

  /// The value, null where the key is missing.
  const nlohmann::json& operator[](std::string_view key) const;
  bool has(std::string_view key) const { return !(*this)[key].is_null(); }

  /// Above 0; a list counts as its values where they are equal.
  std::optional<std::int64_t> integer(const char* key) const;
  std::optional<double> real(const char* key) const;
  std::optional<bool> boolean(const char* key) const;
  std::optional<std::string> text(const char* key) const;
  std::vector<std::string> texts(const char* key) const;
  std::vector<double> reals(const char* key) const;  ///< of a list, or of a list of lists row by row

  /// Throws: `key` "must be ...".
  [[noreturn]] void fail(std::string_view key, const std::string& wanted) const;

 private:
  std::string origin_;
  bool exists_ = false;
  nlohmann::json values_ = nlohmann::json::object();
};

/// `value`, where it is from 1 to a million. Throws ModelError that names `key`.
std::int64_t positive(const std::string& origin, const std::string& key, std::int64_t value);

}  // namespace weft::sd
