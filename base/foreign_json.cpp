#include "base/foreign_json.h"

#include <array>
#include <utility>

#include "base/c_locale.h"
#include "base/json_builder.h"
#include "base/text_file.h"
#include "base/utf8.h"

namespace weft {
namespace {

/// The end of the string that begins at `at`, behind its closing quote.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

/// Numbers that JSON has no words for, outside of strings, as null.
std::string without_non_finite(std::string text) {
  static constexpr std::array<std::string_view, 3> kWords = {"NaN", "-Infinity", "Infinity"};
  if (text.find(kWords[0]) == std::string::npos && text.find(kWords[2]) == std::string::npos) return text;
  std::string finite;
  finite.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = std::string_view(text).substr(at);
    std::size_t length = rest[0] == '"' ? end_of_string(text, at) - at : 1;
    std::string_view kept = rest.substr(0, length);
    for (const std::string_view word : kWords)
      if (rest.starts_with(word)) {
        length = word.size();
        kept = "null";
        break;
      }
    finite += kept;
    at += length;
  }
  return finite;
}

}  // namespace

nlohmann::json read_foreign_json(std::string_view text, const std::string& source, std::size_t depth) {
  const std::string readable = without_non_finite(from_utf16(text));
  const CLocale locale;  // the parser takes the decimal point of the thread's
  JsonBuilder<nlohmann::json> builder(readable, source, depth);
  if (builder.takes(readable)) nlohmann::json::sax_parse(readable, &builder);
  return builder.result();
}

nlohmann::json read_foreign_json_file(const std::filesystem::path& file) {
  return read_foreign_json(read_text_file(file), file.string());
}

nlohmann::json foreign_json_or_null(std::string_view text, std::size_t depth) {
  try {
    return read_foreign_json(text, "", depth);
  } catch (const GraphError&) {
    return nullptr;
  }
}

nlohmann::json foreign_json_file_or_null(const std::filesystem::path& file) {
  try {
    return read_foreign_json_file(file);
  } catch (const GraphError&) {
    return nullptr;
  }
}

}  // namespace weft
